import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { percentile } from '../../bench/table.ts';
import { inTemporaryFolder } from './folders.ts';
import { watchHealth } from './health-watch.ts';
import { createFindings } from './report.ts';
import { defineScenario } from './scenario.ts';
import { withProgram } from './subject.ts';

const callers = 16;
const leaveAfterMs = 100;
const freeWithinMs = 2_000;

/** Callers who ask for much and do not wait for it. */
export const leavers = defineScenario({
  name: 'leavers',
  law: 'ClickHouse is free of the queries of callers who left within 2 s, and /healthz answers all the while',
  sizes: {
    // Other tests take their share of the machine meanwhile.
    test: { rows: 500_000, rounds: 3, healthMs: 1_000 },
    full: { rows: 5_000_000, rounds: 25, healthMs: 100 },
  },
  run: (size, { clickhouse, command, progress }) =>
    inTemporaryFolder(async (folder) => {
      const findings = createFindings();
      const environment = { RESPONSE_CACHE_TTL_MS: '0', CLICKHOUSE_MAX_CONCURRENCY: '16' };
      const options = { clickhouse, command, dataDir: join(folder, 'data'), environment };
      await withProgram(options, async ({ program, sql }) => {
        await program.start();
        const database = await sql.text('SELECT currentDatabase()');
        const atWork = (): Promise<number> =>
          sql.count(
            `SELECT count() FROM system.processes WHERE current_database = '${database}' AND query_kind = 'Select' AND query NOT LIKE '%system.processes%'`,
          );
        await sql.command(`INSERT INTO ad_performance (workspace, date, channel, campaign_id, ad_group_id, ad_id, utm_campaign,
          utm_source, utm_medium, utm_content, utm_term, currency, clicks, impressions, cost, source, version, is_deleted)
          SELECT 'default', today() - 1 - number % 5, 'google_ads', toString(number % 100_000), '', toString(number), 'a', 'b',
          'c', 'd', 'e', 'USD', 1, 10, 1, 'test', 1, 0 FROM numbers(${size.rows})`);

        // What is compiled at the first query is not what is measured.
        for (const mark of ['warm', 'warmer'])
          await ask(program.url, heavy(mark), new AbortController().signal);

        const watch = watchHealth(`${program.url}/healthz`);
        let health: readonly number[] = [];
        let seen = 0;
        let slowestMs = 0;
        let answered = 0;
        try {
          for (let round = 0; round < size.rounds; round++) {
            const leaving = new AbortController();
            const asking = Array.from({ length: callers }, (_, caller) =>
              ask(program.url, heavy(`${round}-${caller}`), leaving.signal),
            );
            await delay(leaveAfterMs);
            seen = Math.max(seen, await atWork());
            leaving.abort();
            const left = performance.now();
            answered += (await Promise.all(asking)).filter(Boolean).length;
            while ((await atWork()) > 0 && performance.now() - left < 30_000) await delay(10);
            slowestMs = Math.max(slowestMs, performance.now() - left);
            progress(`round ${round + 1}: free after ${Math.round(slowestMs)} ms at most`);
          }
        } finally {
          health = await watch.stop();
        }
        findings.number('callers', callers * size.rounds);
        findings.number('queries seen at work', seen);
        findings.law('queries were at work when their callers left', seen > 0, `there were ${seen}`);
        findings.exactly('callers who got an answer first', answered, 0);
        findings.atMost('ClickHouse free after (ms)', slowestMs, freeWithinMs);
        findings.number('/healthz asked', health.length);
        findings.number('/healthz p50 (ms)', percentile(health, 0.5));
        findings.atMost('/healthz p99 (ms)', percentile(health, 0.99), size.healthMs);
      });
      return findings.report();
    }),
});

/** Every ad is a group of its own. The filter makes each a query of its own, which no other caller waits for, too. */
const heavy = (mark: string): string =>
  `{ metrics(dateRange: { last: { count: 7, unit: DAY } }, groupBy: [AD_ID, CAMPAIGN_ID, DATE, CHANNEL, UTM_CAMPAIGN, UTM_SOURCE, UTM_MEDIUM, UTM_CONTENT, UTM_TERM], where: { adId: { ne: "${mark}" } }, orderBy: [{ measure: CPC }], first: 10000) { nodes { adId cost cpc } } }`;

/** True when the answer came before the signal. */
async function ask(url: string, query: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
      signal,
    });
    await response.arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
