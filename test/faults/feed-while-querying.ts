import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { loadData } from '../../bench/load-data.ts';
import { percentile } from '../../bench/table.ts';
import { createStore } from '../../src/clickhouse/create-store.ts';
import { startSourceServer } from '../support/source-server.ts';
import { inTemporaryFolder } from './folders.ts';
import { peakBytes } from './processes.ts';
import type { Program } from './program.ts';
import { createFindings } from './report.ts';
import { defineScenario } from './scenario.ts';
import { withProgram } from './subject.ts';

const adRows = 10_000_000;
const viewers = 2;
const pauseMs = 200;
const megabyte = 1_048_576;
const unlimited = { timeoutMs: 600_000, maxMemoryBytes: 4e9, maxRowsToRead: 1e12 };

/** A long feed is pulled while dashboards are looked at. */
export const feedWhileQuerying = defineScenario({
  name: 'feed',
  law: 'a feed of millions of records makes dashboards at most two and a half times as slow',
  sizes: {
    // So short a run says nothing about speed: it only shows that both go on.
    test: { records: 20_000, days: 10, idleMs: 2_000, loaded: false, slower: 50 },
    full: { records: 5_000_000, days: 150, idleMs: 30_000, loaded: true, slower: 2.5 },
  },
  run: (size, { clickhouse, command, progress }) =>
    inTemporaryFolder(async (folder) => {
      const findings = createFindings();
      const today = Math.floor(Date.now() / 86_400_000);
      const feed = join(folder, 'feed.ndjson');
      const costCents = await writeFeed(feed, size.records, size.days, today);
      const source = await startSourceServer(async (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/x-ndjson' });
        await pipeline(createReadStream(feed, { highWaterMark: megabyte }), response);
      });
      const options = {
        clickhouse,
        command,
        dataDir: join(folder, 'data'),
        // What is measured is the way to ClickHouse and back.
        environment: { ADS_API_URL: `${source.url}/ads`, RESPONSE_CACHE_TTL_MS: '0' },
      };
      try {
        await withProgram(options, async ({ program, sql }) => {
          await program.start();
          if (size.loaded) {
            const database = await sql.text('SELECT currentDatabase()');
            const store = createStore({ ...clickhouse, database, maxConcurrency: 4, limits: unlimited });
            await loadData(store, today, adRows);
            await store.close();
          }
          const costOf = 'SELECT toInt64(sum(cost) * 100) FROM ad_performance FINAL';
          const before = await sql.count(costOf);
          const idle = await look(program, delay(size.idleMs));
          progress(`idle: p95 ${Math.round(percentile(idle.ms, 0.95))} ms`);

          const started = performance.now();
          const pulling = program.graphql<{
            triggerIngest: { runs: { status: string; recordsWritten: number }[] };
          }>('mutation { triggerIngest(input: { wait: true }) { runs { status recordsWritten } } }');
          const during = await look(program, pulling);
          const seconds = (performance.now() - started) / 1_000;
          const [run] = (await pulling).triggerIngest.runs;

          findings.law('the run succeeds', run?.status === 'SUCCEEDED', JSON.stringify(run));
          findings.exactly('records written', run?.recordsWritten ?? 0, size.records);
          findings.number('seconds', seconds);
          findings.number('looks while idle', idle.ms.length);
          findings.number('looks during the feed', during.ms.length);
          findings.exactly('looks that failed', idle.failed + during.failed, 0);
          for (const share of [0.5, 0.95]) {
            findings.number(`idle p${share * 100} (ms)`, percentile(idle.ms, share));
            findings.number(`during p${share * 100} (ms)`, percentile(during.ms, share));
          }
          const ratio = percentile(during.ms, 0.95) / percentile(idle.ms, 0.95);
          findings.atMost('p95 during / idle', ratio, size.slower);
          findings.number('peak memory (MB)', peakBytes(program.pid) / megabyte);
          findings.exactly('cost of the feed (cents)', (await sql.count(costOf)) - before, costCents);
        });
      } finally {
        await source.close();
      }
      return findings.report();
    }),
});

/** Tiles of a usual dashboard, as arguments and selections of `metrics`. */
const tiles = [
  'metrics(dateRange: { last: { count: 30, unit: DAY } }) { totals { cost leads cpa revenue roas } }',
  'metrics(dateRange: { last: { count: 30, unit: DAY } }, groupBy: [CHANNEL]) { nodes { channel cost roas } }',
  'metrics(dateRange: { last: { count: 30, unit: DAY } }, groupBy: [DATE]) { nodes { date cost leads } }',
  'metrics(dateRange: { last: { count: 90, unit: DAY } }, groupBy: [DATE, CHANNEL], granularity: WEEK) { nodes { date channel cost } }',
  'metrics(dateRange: { last: { count: 30, unit: DAY } }, groupBy: [CAMPAIGN_ID], orderBy: [{ measure: COST, direction: DESC }], first: 10) { nodes { campaignId cost roas } }',
];

/** Viewers who look at one tile after the other, with pauses, until `end`. */
async function look(program: Program, end: Promise<unknown>): Promise<{ ms: number[]; failed: number }> {
  const ms: number[] = [];
  let failed = 0;
  let isOver = false;
  const over = (): void => {
    isOver = true;
  };
  void end.then(over, over);
  const view = async (viewer: number): Promise<void> => {
    for (let turn = viewer; !isOver; turn++) {
      const started = performance.now();
      try {
        await program.graphql(`{ ${tiles[turn % tiles.length]} }`);
        ms.push(performance.now() - started);
      } catch {
        failed += 1;
      }
      await delay(pauseMs);
    }
  };
  await Promise.all(Array.from({ length: viewers }, (_, viewer) => view(viewer)));
  return { ms, failed };
}

/** Writes ads records as NDJSON, day by day; gives the sum of their costs in cents. */
async function writeFeed(path: string, records: number, days: number, today: number): Promise<number> {
  const perDay = Math.ceil(records / days);
  const channels = ['google_ads', 'meta_ads', 'linkedin_ads', 'tiktok_ads'];
  const file = await open(path, 'w');
  let sum = 0;
  try {
    for (let from = 0; from < records; from += 20_000) {
      const lines: string[] = [];
      for (let index = from; index < Math.min(from + 20_000, records); index++) {
        const campaign = index % 400;
        const random = Math.imul(index, 0x9e3779b1) >>> 0;
        const cents = random % 50_000;
        sum += cents;
        const date = new Date((today - days + Math.floor(index / perDay)) * 86_400_000)
          .toISOString()
          .slice(0, 10);
        lines.push(
          `{"date":"${date}","campaign_id":"F-${campaign}","channel":"${channels[campaign % 4]}","ad_group_id":"G-${index % 4_000}","ad_id":"A-${index}","clicks":${random % 500},"impressions":${(random % 500) * 31},"cost":${cents / 100},"currency":"USD","utm_campaign":"campaign_${campaign}","utm_source":"google","utm_medium":"cpc","utm_content":"content_${index % 40}"}\n`,
        );
      }
      await file.write(lines.join(''));
    }
  } finally {
    await file.close();
  }
  return sum;
}
