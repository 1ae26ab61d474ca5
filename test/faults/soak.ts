import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import autocannon from 'autocannon';
import { cachedUrl } from '../../bench/dashboard.ts';
import { createKeysCommand } from '../../src/access/manage-keys.ts';
import { systemClock } from '../../src/time.ts';
import { startSourceServer } from '../support/source-server.ts';
import { type EventLoad, startEventLoad } from './event-load.ts';
import { inTemporaryFolder } from './folders.ts';
import { residentBytes } from './processes.ts';
import type { Program } from './program.ts';
import { createFindings, type Findings } from './report.ts';
import { defineScenario } from './scenario.ts';
import { withProgram } from './subject.ts';

const share = 0.8;
const connections = 8;
const days = 30;
const eventsPerSecond = 100;
const feedRecords = 2_000;
const pauseBetweenPullsMs = 1_000;
const megabyte = 1_048_576;
const dayMs = 86_400_000;

/** More than any load takes: what is measured is the program, not its refusals. */
const plenty = '1000000000';

type Headers = Readonly<Record<string, string>>;

/** Many callers for a long time, while records come in. Callers log in by keys. */
export const soak = defineScenario({
  name: 'soak',
  law: 'at 80% of the most that it can take, with ingestion, no request fails, memory is flat and p99 is within three times p50',
  sizes: {
    // So short a load among other tests says nothing of memory and little of speed: it shows that nothing fails.
    test: { rows: 20_000, maximumS: 3, loadS: 15, minuteS: 3, growth: 2, spread: 50, keptRate: 0.5 },
    full: { rows: 300_000, maximumS: 20, loadS: 300, minuteS: 60, growth: 1.1, spread: 3, keptRate: 0.98 },
  },
  run: (size, { clickhouse, command, progress }) =>
    inTemporaryFolder(async (folder) => {
      const findings = createFindings();
      const keysFile = join(folder, 'keys.json');
      const viewer = await makeKey(keysFile, 'viewer');
      const ingestor = await makeKey(keysFile, 'ingestor');
      const feed = feedOf(feedRecords);
      const source = await startSourceServer((_request, response) => {
        response.writeHead(200, { 'content-type': 'application/x-ndjson' });
        response.end(feed);
      });
      const environment = {
        API_KEYS_FILE: keysFile,
        ADS_API_URL: `${source.url}/ads`,
        RATE_LIMIT_PER_MINUTE: plenty,
        PUSH_RATE_LIMIT_PER_MINUTE: plenty,
        QUERY_COST_PER_MINUTE: plenty,
      };
      const options = { clickhouse, command, dataDir: join(folder, 'data'), environment };
      try {
        await withProgram(options, async ({ program, sql, ended }) => {
          await program.start();
          await sql.command(rowsOf(size.rows));
          const events = startEventLoad({
            program,
            perSecond: eventsPerSecond,
            resend: false,
            answerWithinMs: 30_000,
            ended,
            headers: ingestor,
          });
          const pulls = pullAgainAndAgain(program, ingestor);

          // What is compiled at the first queries is not what is measured.
          await load(program, viewer, { duration: 2 });
          const most = await load(program, viewer, { duration: size.maximumS });
          const rate = Math.floor(most.requests.average * share);
          progress(`at most ${Math.round(most.requests.average)} requests/s; ${rate} from now on`);

          const memory = watchMemory(program);
          const result = await load(program, viewer, { duration: size.loadS, overallRate: rate });
          const samples = memory.stop();
          const runs = await pulls.stop();
          await events.stop();

          findings.number('most requests/s', most.requests.average);
          findings.number('requests/s', result.requests.average);
          tellLoad(findings, most, 'while the most was measured');
          tellLoad(findings, result, 'under load');
          const kept = result.requests.average / rate;
          findings.law('the rate is kept', kept >= size.keptRate, `${kept.toFixed(3)} of it is`);
          findings.number('p50 (ms)', result.latency.p50);
          findings.number('p99 (ms)', result.latency.p99);
          findings.atMost('p99 / p50', result.latency.p99 / Math.max(result.latency.p50, 1), size.spread);
          const second = meanOf(samples, size.minuteS, 2 * size.minuteS);
          const last = meanOf(samples, size.loadS - size.minuteS, size.loadS);
          findings.number('memory in the second minute (MB)', second / megabyte);
          findings.number('memory in the last minute (MB)', last / megabyte);
          findings.atMost('memory, last / second minute', last / second, size.growth);
          tellIngestion(findings, events, runs);
        });
      } finally {
        await source.close();
      }
      return findings.report();
    }),
});

async function makeKey(file: string, role: 'viewer' | 'ingestor'): Promise<Headers> {
  const command = createKeysCommand({ file, usesFile: `${file}.uses`, clock: systemClock });
  const [key] = (await command({ verb: 'create' }, { name: role, role, workspace: ['default'] })).split('\n');
  return { authorization: `Bearer ${key}` };
}

/** A month of ads rows: 400 campaigns of four channels. */
const rowsOf = (
  rows: number,
): string => `INSERT INTO ad_performance (workspace, date, channel, campaign_id, ad_group_id, ad_id, utm_campaign,
  utm_source, utm_medium, utm_content, utm_term, currency, clicks, impressions, cost, source, version, is_deleted)
  SELECT 'default', today() - 1 - number % ${days}, ['google_ads', 'meta_ads', 'linkedin_ads', 'tiktok_ads'][number % 4 + 1],
  toString(number % 400), '', toString(number), concat('c', toString(number % 400)), 'google', 'cpc', '', '', 'USD', number % 7, 50,
  number % 90, 'test', 1, 0 FROM numbers(${rows})`;

/** The ads of the day before yesterday, as NDJSON; the same at each pull. */
function feedOf(records: number): string {
  const date = new Date(Date.now() - 2 * dayMs).toISOString().slice(0, 10);
  return Array.from(
    { length: records },
    (_, index) =>
      `{"date":"${date}","campaign_id":"F-${index % 40}","ad_id":"F-${index}","channel":"google_ads","clicks":${index % 9},"impressions":90,"cost":${index % 50}}\n`,
  ).join('');
}

/**
 * Of every four requests one is a persisted document by GET, which the cache answers where nothing has been stored since; the
 * others are figures that nobody has asked for before: by channel, by day, and the ten campaigns of most spend, of 30 days.
 */
function load(
  program: Program,
  headers: Headers,
  pace: { readonly duration: number; readonly overallRate?: number },
): Promise<autocannon.Result> {
  const from = new Date(Date.now() - days * dayMs).toISOString().slice(0, 10);
  const to = new Date(Date.now() - dayMs).toISOString().slice(0, 10);
  const cached = new URL(cachedUrl(`${program.url}/graphql`, { from, to }));
  const asking = (tile: string): autocannon.Request => ({
    method: 'POST',
    path: '/graphql',
    headers: { ...headers, 'content-type': 'application/json' },
    setupRequest: (request) => ({ ...request, body: JSON.stringify({ query: unheardOf(tile) }) }),
  });
  return autocannon({
    ...pace,
    // Its correction (9.0.0) takes 1 / rate, which is seconds, for milliseconds: an answer of 150 ms is counted as one of each
    // millisecond from 1 to 150, whatever the rate. That the rate is kept is checked instead.
    ...(pace.overallRate !== undefined && { ignoreCoordinatedOmission: true }),
    url: program.url,
    connections,
    requests: [
      { method: 'GET', path: `${cached.pathname}${cached.search}`, headers },
      ...tiles.map((tile) => asking(tile)),
    ],
    // A GraphQL error may come with status 200.
    verifyBody: (body) => String(body).startsWith('{"data":') && !String(body).includes('"errors":'),
  });
}

const tiles = [
  'groupBy: [CHANNEL]) { nodes { channel cost leads cpa roas } totals { cost } }',
  'groupBy: [DATE]) { nodes { date cost clicks } }',
  'groupBy: [CAMPAIGN_ID], orderBy: [{ measure: COST, direction: DESC }], first: 10) { nodes { campaignId cost cpc } }',
];

const unheardOf = (tile: string): string =>
  `{ metrics(dateRange: { last: { count: ${days}, unit: DAY } }, where: { adId: { ne: "${randomBytes(6).toString('hex')}" } }, ${tile} }`;

/** Pulls the feed, waits for the end, pauses, and so on. */
function pullAgainAndAgain(program: Program, headers: Headers) {
  const ends = new Map<string, number>();
  let isOver = false;
  const pull = async (): Promise<string> => {
    const query = 'mutation { triggerIngest(input: { wait: true }) { runs { status } } }';
    const response = await fetch(`${program.url}/graphql`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    const text = await response.text();
    return /"status":"(\w+)"/.exec(text)?.[1] ?? text.slice(0, 200);
  };
  const working = (async () => {
    while (!isOver) {
      const end = await pull().catch((error: unknown) => String(error));
      ends.set(end, (ends.get(end) ?? 0) + 1);
      await delay(pauseBetweenPullsMs);
    }
  })();
  return {
    /** How the runs ended, counted. */
    async stop(): Promise<ReadonlyMap<string, number>> {
      isOver = true;
      await working;
      return ends;
    },
  };
}

/** Resident memory of the program, a sample a second. */
function watchMemory(program: Program) {
  const samples: number[] = [];
  const timer = setInterval(() => samples.push(residentBytes(program.pid)), 1_000);
  return {
    stop(): readonly number[] {
      clearInterval(timer);
      return samples;
    },
  };
}

function meanOf(samples: readonly number[], from: number, to: number): number {
  const part = samples.slice(from, to);
  return part.reduce((sum, sample) => sum + sample, 0) / part.length;
}

function tellLoad(findings: Findings, result: autocannon.Result, when: string): void {
  findings.number(`answers ${when}`, result['2xx']);
  const failed = result.non2xx + result.errors + result.timeouts + result.mismatches;
  findings.exactly(`requests that failed ${when}`, failed, 0);
}

function tellIngestion(findings: Findings, events: EventLoad, runs: ReadonlyMap<string, number>): void {
  findings.number('events pushed', events.acknowledged);
  findings.exactly('events not taken', events.made - events.acknowledged, 0);
  findings.law('events were pushed', events.acknowledged > 0, 'none was');
  const succeeded = runs.get('SUCCEEDED') ?? 0;
  findings.number('runs', succeeded);
  findings.law('every run succeeds', succeeded > 0 && runs.size === 1, JSON.stringify([...runs]));
}
