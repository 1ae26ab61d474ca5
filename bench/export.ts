import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { z } from 'zod';
import { createStore } from '../src/clickhouse/create-store.ts';
import type { OwnServer } from '../src/clickhouse/own-server/server.ts';
import { bind, sql } from '../src/clickhouse/sql.ts';
import type { ExportFormat } from '../src/metrics/export.ts';
import { type Day, formatDay } from '../src/records/day.ts';
import { type Program, startProgram } from './program.ts';
import { ms, percentile, printTable, progress, ratio } from './table.ts';

const rowCount = 1_000_000;
const days = 10;
/** Questions of the dashboard before the first file: their memory is not that of exports. */
const warmUps = 50;

/** The formats, as ClickHouse calls them. */
const files: readonly { readonly format: ExportFormat; readonly coding?: 'gzip'; readonly raw: string }[] = [
  { format: 'csv', raw: 'CSVWithNames' },
  { format: 'csv', coding: 'gzip', raw: 'CSVWithNames' },
  { format: 'ndjson', raw: 'JSONEachRow' },
  { format: 'parquet', raw: 'Parquet' },
  { format: 'arrow', raw: 'ArrowStream' },
];

const sumsRow = z.object({ rows: z.number(), cost: z.number(), clicks: z.number() });
type Sums = z.infer<typeof sumsRow>;

/**
 * A million rows in each format, while a dashboard asks; beside ClickHouse's own answer to the same question.
 *
 * @throws Error where a file's rows do not add up to `totals`
 */
export async function benchExport(server: OwnServer, today: Day): Promise<void> {
  const database = 'bench_export';
  const program = await startProgram(server, database, { RESPONSE_CACHE_TTL_MS: '0', ROLLUPS: 'off' });
  const store = createStore({
    ...server,
    database,
    maxConcurrency: 2,
    limits: { timeoutMs: 600_000, maxMemoryBytes: 4e9, maxRowsToRead: 1e12 },
  });
  const folder = await mkdtemp(join(tmpdir(), 'utmql-bench-export-'));
  const login = { 'x-clickhouse-user': server.username, 'x-clickhouse-key': server.password };
  const askClickhouse = (statement: string): string =>
    `${server.url}/?${new URLSearchParams({ database, query: statement })}`;
  const [from, to] = [formatDay(today - days), formatDay(today - 1)];
  const range = `dateRange: { between: { from: "${from}", to: "${to}" } }`;
  const statement = `SELECT date, ad_id AS adId, toFloat64(sum(a.cost)) AS cost, sum(a.clicks) AS clicks, cost / nullIf(clicks, 0) AS cpc FROM ad_performance AS a FINAL WHERE workspace = 'default' GROUP BY date, ad_id ORDER BY date, ad_id`;

  /** What the rows of a file add up to, as ClickHouse reads it. */
  const sumsOf = async (path: string, raw: string): Promise<Sums> => {
    await store.command(sql`TRUNCATE TABLE read_back`, { changesAnswersOf: [] });
    const response = await fetch(askClickhouse(`INSERT INTO read_back FORMAT ${raw}`), {
      method: 'POST',
      headers: login,
      body: Readable.toWeb(createReadStream(path)) as ReadableStream,
      duplex: 'half',
    } as RequestInit);
    if (!response.ok) throw new Error(await response.text());
    const [sums] = await store.select(
      sumsRow,
      sql`SELECT count() AS rows, sum(cost) AS cost, sum(clicks) AS clicks FROM read_back`,
    );
    return sumsRow.parse(sums);
  };

  try {
    progress(`storing ${rowCount} ads`);
    await store.command(
      sql`INSERT INTO ad_performance (workspace, date, channel, campaign_id, ad_group_id, ad_id, currency, clicks, impressions, cost, source, version, is_deleted)
        SELECT 'default', toDate(${bind('String', from)}) + number % ${bind('UInt8', days)}, 'google_ads', toString(number % 1000), '', toString(number), 'USD', number % 7, 10, number % 1000 / 100, 'bench', 1, 0
        FROM numbers(${bind('UInt64', rowCount)})`,
      { changesAnswersOf: [] },
    );
    await store.command(
      sql`CREATE TABLE read_back (date Date32, adId Nullable(String), cost Nullable(Float64), clicks Nullable(Int64), cpc Nullable(Float64)) ENGINE = Memory`,
      { changesAnswersOf: [] },
    );
    const { metrics } = await program.graphql<{
      metrics: { totalCount: number; totals: { cost: number; clicks: number } };
    }>(`{ metrics(${range}, groupBy: [DATE, AD_ID], first: 1) { totalCount totals { cost clicks } } }`);
    const tile = `{ metrics(${range}, groupBy: [DATE]) { nodes { date cost } } }`;
    const alone: number[] = [];
    for (let count = 0; count < warmUps; count += 1) alone.push(await timeOf(program, tile));
    const memoryBefore = program.peakMemory();
    const rows: string[][] = [];
    for (const { format, coding, raw } of files) {
      progress(`exporting ${rowCount} rows as ${format}${coding ? `, ${coding}` : ''}`);
      const path = join(folder, format);
      const dashboard = { isOpen: true };
      const asking = (async () => {
        const tiles: number[] = [];
        while (dashboard.isOpen) tiles.push(await timeOf(program, tile));
        return tiles;
      })();
      const search = new URLSearchParams({
        format,
        from,
        to,
        groupBy: 'DATE,AD_ID',
        measures: 'COST,CLICKS,CPC',
      });
      const spent = await download(`${program.origin}/export/metrics?${search}`, path, {
        'accept-encoding': coding ?? 'identity',
      });
      dashboard.isOpen = false;
      const tiles = await asking;
      const size = (await stat(path)).size;
      if (coding === 'gzip')
        await pipeline(createReadStream(path), createGunzip(), createWriteStream(`${path}.whole`));
      compare(format, await sumsOf(coding === 'gzip' ? `${path}.whole` : path, raw), {
        rows: metrics.totalCount,
        ...metrics.totals,
      });
      const rawMs = await download(askClickhouse(`${statement} FORMAT ${raw}`), `${path}.raw`, login);
      rows.push([
        coding === undefined ? format : `${format}, ${coding}`,
        `${Math.round(size / 1e6)} MB`,
        Math.round(rowCount / (spent / 1_000)).toLocaleString('en'),
        ms(spent),
        ms(rawMs),
        ratio(spent / rawMs),
        ms(percentile(tiles, 0.5)),
        `${Math.round(program.peakMemory() / 1_048_576)} MiB`,
      ]);
    }
    printTable(
      `A million rows in each format, while a dashboard asks; without exports a tile takes ${ms(percentile(alone, 0.5))}, and the process at most ${Math.round(memoryBefore / 1_048_576)} MiB`,
      [
        'format',
        'size',
        'rows/s',
        'export',
        'ClickHouse alone',
        'ratio',
        'tile beside it, p50',
        'peak memory so far',
      ],
      rows,
    );
  } finally {
    await store.close();
    await program.stop();
    await rm(folder, { recursive: true });
  }
}

async function timeOf(program: Program, query: string): Promise<number> {
  const started = performance.now();
  await program.graphql(query);
  return performance.now() - started;
}

/** Receives a file as it comes, compressed or not. Returns how long that took, ms. */
async function download(url: string, path: string, headers: Record<string, string>): Promise<number> {
  const started = performance.now();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { headers }, resolve).on('error', reject);
  });
  if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${await text(response)}`);
  await pipeline(response, createWriteStream(path));
  return performance.now() - started;
}

function compare(format: string, file: Sums, asked: Sums): void {
  const isEqual =
    file.rows === asked.rows &&
    file.clicks === asked.clicks &&
    Math.abs(file.cost - asked.cost) <= 1e-9 * asked.cost;
  if (!isEqual || file.rows !== rowCount)
    throw new Error(`${format}: the rows add up to ${JSON.stringify(file)}, not to ${JSON.stringify(asked)}`);
}
