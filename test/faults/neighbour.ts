import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { percentile } from '../../bench/table.ts';
import { send } from '../security/send.ts';
import { makeKeys } from '../support/keys.ts';
import { startSourceServer } from '../support/source-server.ts';
import { type Attack, knownAttacks } from './attacks.ts';
import { untilDrained } from './drained.ts';
import { checkEvents } from './event-check.ts';
import { startEventLoad } from './event-load.ts';
import { inTemporaryFolder } from './folders.ts';
import { createFuzzer } from './fuzzer.ts';
import { watchHealth } from './health-watch.ts';
import { createRandom } from './random.ts';
import { createFindings } from './report.ts';
import { defineScenario } from './scenario.ts';
import { withProgram } from './subject.ts';

const seed = 11;
/** Requests of the attacker on their way at a time. */
const attackers = 8;
const answeredWithinMs = 60_000;

interface Size {
  readonly rows: number;
  readonly idleMs: number;
  /** Between two looks of the neighbour. */
  readonly pauseMs: number;
  readonly changed: number;
  /** No request is begun after so long. */
  readonly attackMs: number;
  readonly eventsPerSecond: number;
  /** Bars; undefined where the machine has other work, and only what was lost and left unanswered counts. */
  readonly bars: { readonly times: number; readonly lookMs: number; readonly healthMs: number } | undefined;
}

/** One caller does its worst, while another workspace looks at its figures, a feed of it runs and its events come in. */
export const neighbour = defineScenario<Size>({
  name: 'neighbour',
  law: 'whatever one caller sends, another one’s queries are answered within 2 s and ten times what is usual, /healthz within 250 ms, its runs lose no lease and nothing acknowledged is lost',
  sizes: {
    test: {
      rows: 20_000,
      idleMs: 2_000,
      pauseMs: 200,
      changed: 60,
      attackMs: 10_000,
      eventsPerSecond: 20,
      bars: undefined,
    },
    full: {
      rows: 2_000_000,
      idleMs: 30_000,
      pauseMs: 1_000,
      changed: 500,
      attackMs: 600_000,
      eventsPerSecond: 100,
      bars: { times: 10, lookMs: 2_000, healthMs: 250 },
    },
  },
  run: (size, { clickhouse, command, progress }) =>
    inTemporaryFolder(async (folder) => {
      const findings = createFindings();
      const keys = await makeKeys();
      const calm = await keys.create({ role: 'admin', workspace: ['calm'] });
      const evil = await keys.create({ role: 'admin', workspace: ['evil'] });
      const feed = await startFeed();
      const sources = join(folder, 'sources.yaml');
      await writeFile(
        sources,
        `sources:\n  - name: calm_ads\n    kind: ad_performance\n    workspace: calm\n    url: ${feed.url}/ads\n`,
      );
      const environment = {
        API_KEYS_FILE: keys.file,
        SOURCES_FILE: sources,
        METRICS_PUBLIC: 'true',
        // What is measured is the way to ClickHouse and back.
        RESPONSE_CACHE_TTL_MS: '0',
      };
      const options = { clickhouse, command, dataDir: join(folder, 'data'), environment };
      try {
        await withProgram(options, async ({ program, sql, ended }) => {
          await program.start();
          for (const workspace of ['calm', 'evil'])
            await sql.command(`INSERT INTO ad_performance (workspace, date, channel, campaign_id, ad_group_id, ad_id, utm_campaign,
              utm_source, utm_medium, utm_content, utm_term, currency, clicks, impressions, cost, source, version, is_deleted)
              SELECT '${workspace}', today() - 1 - number % 90, 'google_ads', toString(number % 1000), '', toString(number), 'a', 'b',
              'c', 'd', 'e', 'USD', 1, 10, 1, 'test', 1, 0 FROM numbers(${size.rows})`);

          const look = await startLooks(program.url, calm, size.pauseMs);
          await delay(size.idleMs);
          const idle = await look.stop();
          progress(`idle: p99 ${Math.round(percentile(idle.ms, 0.99))} ms`);

          // Before anything is measured: making megabytes of bodies keeps this process from noting answers for seconds.
          const attacks = makeAttacks(size.changed);
          const events = startEventLoad({
            program,
            perSecond: size.eventsPerSecond,
            resend: true,
            answerWithinMs: answeredWithinMs,
            ended,
            headers: calm,
          });
          const health = watchHealth(`${program.url}/healthz`);
          const looking = await startLooks(program.url, calm, size.pauseMs);
          const running = ask<{ triggerIngest: { runs: Run[] } }>(
            program.url,
            calm,
            'mutation { triggerIngest(input: { wait: true, mode: UPSERT }) { runs { status recordsWritten } } }',
          );
          const outcomes = await attack(program.url, evil, attacks, size.attackMs, progress);
          const during = await looking.stop();
          const probes = await health.stop();
          feed.end();
          const [run] = (await running).triggerIngest.runs;
          await events.stop();
          await events.settle(60_000);

          findings.number('attacks', outcomes.sent);
          for (const [outcome, count] of outcomes.counts)
            findings.number(`attacks answered ${outcome}`, count);
          findings.exactly('attacks unanswered', outcomes.unanswered.length, 0);
          findings.law(
            'every attack is answered',
            outcomes.unanswered.length === 0,
            outcomes.unanswered.join('; '),
          );
          findings.law('the program goes on', program.pid !== undefined, program.complaints().join('\n'));
          findings.number('looks while idle', idle.ms.length);
          findings.number('looks under attack', during.ms.length);
          findings.law(
            'looks are answered',
            during.failed.length === 0,
            during.failed.slice(0, 3).join('; '),
          );
          for (const share of [0.5, 0.99]) {
            findings.number(`idle p${share * 100} (ms)`, percentile(idle.ms, share));
            findings.number(`under attack p${share * 100} (ms)`, percentile(during.ms, share));
            findings.number(`/healthz p${share * 100} (ms)`, percentile(probes, share));
          }
          findings.number('/healthz slowest (ms)', Math.max(...probes));
          const p99 = percentile(during.ms, 0.99);
          if (size.bars !== undefined) {
            findings.atMost('p99 under attack / idle', p99 / percentile(idle.ms, 0.99), size.bars.times);
            findings.atMost('under attack p99 (ms)', p99, size.bars.lookMs);
            findings.atMost('/healthz slowest (ms)', Math.max(...probes), size.bars.healthMs);
          }
          findings.exactly('leases lost', program.told('a lease was lost'), 0);
          findings.exactly('runs lost', program.told('a run was lost'), 0);
          findings.law('the run of the feed succeeds', run?.status === 'SUCCEEDED', JSON.stringify(run));
          findings.exactly('feed: sent − written', feed.sent - (run?.recordsWritten ?? 0), 0);
          const stored = await sql.count(
            "SELECT count() FROM ad_performance FINAL WHERE source = 'calm_ads'",
          );
          findings.exactly('feed: sent − stored', feed.sent - stored, 0);
          await untilDrained(program, 120_000);
          await checkEvents(sql, events, findings, 'calm');
        });
      } finally {
        await feed.close();
        await keys.close();
      }
      return findings.report();
    }),
});

interface Run {
  readonly status: string;
  readonly recordsWritten: number;
}

/** A source whose feed goes on, a little every so often, until it is told to end. */
async function startFeed() {
  const date = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  let isOver = false;
  let sent = 0;
  const server = await startSourceServer(async (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    while (!isOver && !response.destroyed) {
      const lines = Array.from(
        { length: 50 },
        () => `{"date":"${date}","campaign_id":"F-${sent++}","channel":"meta","clicks":1,"cost":0.5}\n`,
      );
      response.write(lines.join(''));
      await delay(100);
    }
    response.end();
  });
  return {
    url: server.url,
    get sent() {
      return sent;
    },
    end(): void {
      isOver = true;
    },
    close: () => server.close(),
  };
}

async function ask<T>(url: string, headers: Readonly<Record<string, string>>, query: string): Promise<T> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
    signal: AbortSignal.timeout(900_000),
  });
  const answer = (await response.json()) as { data?: T; errors?: unknown };
  if (!answer.data || answer.errors) throw new Error(JSON.stringify(answer.errors));
  return answer.data;
}

const smallQuery =
  '{ metrics(dateRange: { last: { count: 7, unit: DAY } }, groupBy: [DATE]) { nodes { date cost } totals { cost leads } } }';

/** A dashboard that is looked at again and again; what is compiled at the first looks does not count. */
async function startLooks(url: string, headers: Readonly<Record<string, string>>, pauseMs: number) {
  const ms: number[] = [];
  const failed: string[] = [];
  let isOver = false;
  for (let warm = 0; warm < 3; warm++) await ask(url, headers, smallQuery);
  const looking = (async (): Promise<void> => {
    while (!isOver) {
      const started = performance.now();
      await ask(url, headers, smallQuery).then(
        () => ms.push(performance.now() - started),
        (error: unknown) => failed.push(String(error)),
      );
      await delay(pauseMs);
    }
  })();
  return {
    async stop() {
      isOver = true;
      await looking;
      return { ms, failed };
    },
  };
}

/** Everything that is known, and then changes of it. */
function makeAttacks(changed: number): Attack[] {
  const known = knownAttacks();
  const fuzz = createFuzzer(createRandom(seed), known);
  return [
    ...known.flatMap((one) => Array.from({ length: one.times }, () => one)),
    ...Array.from({ length: changed }, fuzz),
  ];
}

/** Sends them all, or what can be begun in time. */
async function attack(
  url: string,
  headers: Readonly<Record<string, string>>,
  attacks: readonly Attack[],
  beginWithinMs: number,
  progress: (text: string) => void,
) {
  const waiting = [...attacks];
  const counts = new Map<string, number>();
  const unanswered: string[] = [];
  const started = performance.now();
  let sent = 0;

  const sendOne = async (one: Attack): Promise<void> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, answeredWithinMs, undefined);
    });
    const reply = await Promise.race([send(url, { ...one, headers: { ...headers, ...one.headers } }), late]);
    clearTimeout(timer);
    if (reply === undefined) unanswered.push(one.name);
    // A body that is refused before its end may break off.
    const outcome =
      reply === undefined
        ? 'not at all'
        : reply.status === 0
          ? 'by the end of the connection'
          : String(reply.status);
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    sent += 1;
    progress(`${sent} attacks, the last one ${one.name}: ${outcome}`);
  };
  await Promise.all(
    Array.from({ length: attackers }, async () => {
      while (performance.now() - started < beginWithinMs) {
        const next = waiting.shift();
        if (next === undefined) return;
        await sendOne(next);
      }
    }),
  );
  return { sent, counts: [...counts].sort(), unanswered };
}
