import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { request } from 'undici';
import type { OwnServer } from '../src/clickhouse/own-server/server.ts';
import { identifier, sql } from '../src/clickhouse/sql.ts';
import type { Store } from '../src/clickhouse/store.ts';
import type { Day } from '../src/records/day.ts';
import { feedBlocks } from './feed.ts';
import { startProgram } from './program.ts';
import { timePush } from './push.ts';
import { megabytes, percentile, printTable, progress, ratio } from './table.ts';

const million = 1_000_000;
const rounds = 3;

/**
 * Pulls feeds of a million and of five million records and pushes a million, beside raw inserts of the same bytes; then
 * single events.
 */
export async function benchIngest(server: OwnServer, store: Store, today: Day): Promise<void> {
  progress('making 1,000,000 records');
  const blocks = [...feedBlocks(million, 30, today)];
  const feeds: Record<string, () => Iterable<Buffer>> = {
    '/five': () => feedBlocks(5 * million, 150, today),
    '/shuffled': () => feedBlocks(million, 400, today, 'shuffled'),
  };
  const feed = createServer((incoming, response) => {
    response.setHeader('content-type', 'application/x-ndjson');
    const path = incoming.url?.split('?', 1)[0] ?? '';
    const body = feeds[path]?.() ?? blocks;
    Readable.from(body, { objectMode: false, highWaterMark: 1 }).pipe(response);
  });
  await new Promise<void>((resolve) => feed.listen(0, '127.0.0.1', resolve));
  const { port } = feed.address() as AddressInfo;

  const rawSeconds: number[] = [];
  const pullSeconds: number[] = [];
  const pushSeconds: number[] = [];
  let peak = 0;
  let pushPeak = 0;
  for (let round = 0; round < rounds; round++) {
    rawSeconds.push(await timeRaw(server, store, blocks));
    const pulled = await timePull(server, `bench_pull_${round}`, `http://127.0.0.1:${port}/one`, million);
    pullSeconds.push(pulled.seconds);
    peak = Math.max(peak, pulled.peak);
    const pushed = await timePush(server, `bench_push_${round}`, blocks, million);
    pushSeconds.push(pushed.seconds);
    pushPeak = Math.max(pushPeak, pushed.peak);
    progress(
      `round ${round + 1}: raw ${rawSeconds.at(-1)?.toFixed(2)} s, pulled ${pulled.seconds.toFixed(2)} s, pushed ${pushed.seconds.toFixed(2)} s`,
    );
  }
  const shuffled = await timePull(
    server,
    'bench_pull_shuffled',
    `http://127.0.0.1:${port}/shuffled`,
    million,
  );
  const five = await timePull(server, 'bench_pull_five', `http://127.0.0.1:${port}/five`, 5 * million);
  feed.closeAllConnections();
  feed.close();

  const raw = percentile(rawSeconds, 0.5);
  const pull = percentile(pullSeconds, 0.5);
  const push = percentile(pushSeconds, 0.5);
  const bytes = blocks.reduce((sum, block) => sum + block.length, 0);
  const row = (title: string, records: number, seconds: number, memory: string, share: string) => [
    title,
    `${seconds.toFixed(2)} s`,
    Math.round(records / seconds).toLocaleString('en'),
    share,
    memory,
  ];
  printTable(
    `Ingest: ads records of ${Math.round(bytes / million)} bytes`,
    ['what', 'p50', 'rows/s', 'of raw', 'peak memory of the program'],
    [
      row('1 million, raw INSERT (JSONEachRow, 100k a block)', million, raw, '', '1.00'),
      row('1 million, pulled', million, pull, megabytes(peak), ratio(raw / pull)),
      row('1 million, pushed as NDJSON', million, push, megabytes(pushPeak), ratio(raw / push)),
      row(
        '1 million over 400 days in no order, pulled',
        million,
        shuffled.seconds,
        megabytes(shuffled.peak),
        '',
      ),
      row('5 million, pulled', 5 * million, five.seconds, megabytes(five.peak), ''),
    ],
  );
}

async function timeRaw(server: OwnServer, store: Store, blocks: readonly Buffer[]): Promise<number> {
  const table = identifier('raw_insert');
  await store.command(sql`DROP TABLE IF EXISTS ${table}`, { changesAnswersOf: [] });
  await store.command(sql`CREATE TABLE ${table} AS ad_performance`, { changesAnswersOf: [] });
  const query = encodeURIComponent(`INSERT INTO ${store.database}.raw_insert FORMAT JSONEachRow`);
  const started = performance.now();
  for (const block of blocks) {
    const response = await request(`${server.url}/?query=${query}&async_insert=0`, {
      method: 'POST',
      headers: { 'X-ClickHouse-User': server.username, 'X-ClickHouse-Key': server.password },
      body: block,
    });
    const text = await response.body.text();
    if (response.statusCode !== 200) throw new Error(text);
  }
  return (performance.now() - started) / 1_000;
}

async function timePull(
  server: OwnServer,
  database: string,
  url: string,
  records: number,
): Promise<{ seconds: number; peak: number }> {
  const program = await startProgram(server, database, { ADS_API_URL: url });
  try {
    const started = performance.now();
    const { triggerIngest } = await program.graphql<{
      triggerIngest: { runs: { status: string; recordsWritten: number }[] };
    }>('mutation { triggerIngest(input: { wait: true }) { runs { status recordsWritten } } }');
    const seconds = (performance.now() - started) / 1_000;
    const [run] = triggerIngest.runs;
    if (run?.status !== 'SUCCEEDED' || run.recordsWritten !== records) throw new Error(JSON.stringify(run));
    return { seconds, peak: program.peakMemory() };
  } finally {
    await program.stop();
  }
}
