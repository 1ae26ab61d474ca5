import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { z } from 'zod';
import { bind, sql } from '../../src/clickhouse/sql.ts';
import { exportFormats } from '../../src/metrics/export.ts';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';
import { dirtyFeeds } from '../support/dirty-data.ts';
import { pushRates } from '../support/exchange-rates.ts';
import { modelFiles } from '../support/oracle-model.ts';

const days = Array.from({ length: 60 }, (_, index) =>
  new Date(Date.UTC(2025, 5, 20 + index)).toISOString().slice(0, 10),
);
const currencies = ['EUR', 'USD', 'SEK'];
const feeds = dirtyFeeds(23, { ads: 700, crm: 300 }, days, currencies);
/** SEK has no rate in the first days: money of it is null there. */
const rates = days.flatMap((date, index) => [
  { date, base: 'EUR', quote: 'USD', rate: 1.1 + (index % 9) / 97 },
  ...(index < 15 ? [] : [{ date, base: 'EUR', quote: 'SEK', rate: 11.2 + (index % 7) / 89 }]),
]);

let folder: string;
let app: TestApp;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-export-'));
  for (const [name, text] of Object.entries(modelFiles)) await writeFile(join(folder, name), text);
  app = await startTestApp({
    environment: {
      MODEL_FILE: join(folder, 'model.yaml'),
      ROLLUPS: 'on',
      ROLLUPS_MIN_ROWS: '0',
      RESPONSE_CACHE_TTL_MS: '0',
      QUERY_COST_PER_MINUTE: '1000000000',
    },
  });
  app.answer({ ads: adsFeed(feeds.ads), crm: crmFeed(feeds.crm) });
  await app.pull('mode: UPSERT');
  await pushRates(app, rates);
  const built = async () => expect((await metrics('cost', {})).meta.source).toBe('ROLLUPS');
  await vi.waitFor(built, { timeout: 240_000, interval: 200 });
}, 300_000);
afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

type Row = Readonly<Record<string, unknown>>;
const range = { between: { from: days[0], to: days.at(-1) } };

const measures = ['cost', 'clicks', 'leads', 'revenue', 'cpc', 'cac', 'roas', 'brandCost', 'searchLeads'];
const compared = ['previous', 'change', 'relativeChange'];
const fieldOf = (name: string): string =>
  name.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

const answerShape = z.object({
  data: z.object({
    metrics: z.object({
      nodes: z.array(z.record(z.string(), z.unknown())),
      exportUrl: z.string(),
      meta: z.object({ source: z.string() }),
    }),
  }),
});
async function metrics(shown: string, variables: Row) {
  const answer = await app.query(
    `query ($range: DateRangeInput!, $groupBy: [Dimension!], $granularity: Granularity, $currency: String, $where: MetricsWhere,
      $useRollups: Boolean, $compareTo: CompareToInput, $limitBy: LimitByInput, $format: ExportFormat) {
      metrics(dateRange: $range, groupBy: $groupBy, granularity: $granularity, currency: $currency, where: $where,
        useRollups: $useRollups, compareTo: $compareTo, limitBy: $limitBy, first: 10000) {
        nodes { ${shown} } exportUrl(format: $format) meta { source }
      } }`,
    { range, ...variables },
  );
  if (answer.errors) throw new Error(JSON.stringify(answer.errors));
  return answerShape.parse(answer).data.metrics;
}

/** A row of GraphQL with the columns of a file. */
const flat = (node: Row): Row =>
  Object.fromEntries(
    Object.entries(node).flatMap(([name, value]) =>
      compared.includes(name)
        ? measures.map((measure) => [`${name}_${measure}`, (value as Row | null)?.[measure] ?? null])
        : [[name, value]],
    ),
  );

/** Has ClickHouse read a file. */
async function readBack(bytes: Buffer, format: string): Promise<Row[]> {
  const { url, username, password } = inject('clickhouse');
  const response = await fetch(
    `${url}/?max_query_size=100000000&output_format_json_quote_64bit_integers=0&output_format_json_quote_decimals=0`,
    {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` },
      body: `SELECT * FROM format(${format}, unhex('${bytes.toString('hex')}')) FORMAT JSONEachRow`,
    },
  );
  const text = await response.text();
  if (!response.ok) throw new Error(text.slice(0, 500));
  return linesOf(text);
}
const linesOf = (text: string): Row[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);

const columns = { parquet: 'Parquet', arrow: 'ArrowStream' } as const;

/** Fails unless a file has the rows of GraphQL, in their order. */
async function expectSame(format: (typeof exportFormats)[number], bytes: Buffer, nodes: readonly Row[]) {
  const rows = nodes.map(flat);
  if (format === 'ndjson') return expect(linesOf(bytes.toString())).toEqual(rows);
  if (format !== 'csv') return expect(await readBack(bytes, columns[format])).toEqual(rows);
  const cells: Record<string, string>[] = parse(bytes, { columns: true });
  expect(cells).toHaveLength(rows.length);
  cells.forEach((line, index) => {
    const row = rows[index] ?? {};
    expect(Object.keys(line)).toEqual(Object.keys(row));
    for (const [name, value] of Object.entries(row)) {
      const cell = line[name] ?? '';
      if (value === null) expect(cell).toBe('');
      else if (typeof value === 'number') expect(Number(cell)).toBe(value);
      else expect(cell.replace(/^'(?=[=+\-@\t\r\n])/, '')).toBe(String(value));
    }
  });
}

async function download(path: string, headers: Record<string, string> = {}): Promise<Buffer> {
  const response = await fetch(app.url + path, { headers });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(bytes.toString());
  return bytes;
}

const dimensions = [
  'DATE',
  'CHANNEL',
  'CAMPAIGN_ID',
  'UTM_CAMPAIGN',
  'UTM_SOURCE',
  'CURRENCY',
  'MATCH',
  'CHANNEL_GROUP',
  'REGION',
];
/** Longer than what ClickHouse is sent as a parameter of its own. */
const manyIds = ['C-1', 'c-2', 'C-3', ...Array.from({ length: 400 }, (_, index) => `nobody ${index}`)];

it('of converted money, own words, rollups and long lists are those of GraphQL, in each format', async () => {
  const question = fc.record({
    groupBy: fc.subarray(dimensions, { maxLength: 3 }),
    granularity: fc.constantFrom('DAY', 'WEEK', 'MONTH'),
    currency: fc.constantFrom(null, ...currencies),
    where: fc.constantFrom(null, { campaignId: { in: manyIds } }, { utmCampaign: { notIn: manyIds } }),
    useRollups: fc.boolean(),
    isCompared: fc.boolean(),
    n: fc.option(fc.integer({ min: 1, max: 3 })),
    format: fc.constantFrom(...exportFormats),
  });
  const seen = { rows: 0, nulls: 0, rollups: 0 };
  await fc.assert(
    fc.asyncProperty(question, async ({ isCompared, n, ...asked }) => {
      const folded = asked.groupBy.find((name) => name !== 'DATE');
      const limitBy =
        n === null || folded === undefined ? null : { n, dimension: folded, measure: 'CLICKS', others: true };
      const shown = [
        ...asked.groupBy.map(fieldOf),
        ...(limitBy === null ? [] : ['isOther']),
        ...measures,
        ...(isCompared ? compared.map((kind) => `${kind} { ${measures.join(' ')} }`) : []),
      ];
      const variables = { ...asked, limitBy, compareTo: isCompared ? { previousPeriod: true } : null };
      const { nodes, exportUrl, meta } = await metrics(shown.join(' '), {
        ...variables,
        format: asked.format.toUpperCase(),
      });
      await expectSame(asked.format, await download(exportUrl), nodes);
      seen.rows += nodes.length;
      seen.nulls += nodes.filter(({ cost }) => cost === null).length;
      if (meta.source !== 'TABLES') seen.rollups += 1;
    }),
    { numRuns: 60, seed: 5 },
  );
  expect(seen.rows).toBeGreaterThan(1_000);
  expect(seen.nulls).toBeGreaterThan(10);
  expect(seen.rollups).toBeGreaterThan(5);
}, 300_000);

it('are read from rollups where an answer would be', async () => {
  const { exportUrl } = await metrics('channel cost', { groupBy: ['CHANNEL'] });
  const without = await metrics('channel cost', { groupBy: ['CHANNEL'], useRollups: false });
  const read = async (path: string): Promise<string> => {
    const id = randomUUID();
    await download(path, { 'x-request-id': id });
    await app.store.command(sql`SYSTEM FLUSH LOGS query_log`, { changesAnswersOf: [] });
    const statements = await app.store.select(
      z.object({ query: z.string() }),
      sql`SELECT query FROM system.query_log WHERE type = 'QueryFinish' AND log_comment = ${bind('String', id)}`,
    );
    return statements.map(({ query }) => query).join('\n');
  };
  expect(await read(exportUrl)).toMatch(/FROM rollup_sums[\s\S]*FORMAT CSVWithNames/);
  expect(await read(without.exportUrl)).not.toContain('rollup_sums');
});

it('are as exact as decimals beyond 2^53, and below zero', async () => {
  const costs = ['987654321098.765431', '-123456789012.345678', '0.000001', '-0.1', '900719925474.993999'];
  await app.store.command(
    sql`INSERT INTO ad_performance (workspace, date, channel, campaign_id, ad_group_id, ad_id, currency, clicks, cost, source, version, is_deleted)
      SELECT 'default', toDate('2025-08-19') + number, 'x', '', '', '', 'EUR', 1, cost, 'test', 1, 0
      FROM (SELECT number, arrayElement(${bind('Array(String)', costs)}, number + 1)::Decimal(18, 6) AS cost FROM numbers(5))`,
    { changesAnswersOf: ['default'] },
  );
  const asked = {
    range: { between: { from: '2025-08-19', to: '2025-08-23' } },
    where: { channel: { eq: 'x' } },
    groupBy: ['DATE'],
    currency: 'EUR',
    useRollups: false,
    compareTo: { previousPeriod: true },
  };
  const shown = `date ${measures.join(' ')} ${compared.map((kind) => `${kind} { ${measures.join(' ')} }`).join(' ')}`;
  for (const format of exportFormats)
    for (const currency of ['EUR', null]) {
      const { nodes, exportUrl } = await metrics(shown, {
        ...asked,
        currency,
        format: format.toUpperCase(),
      });
      expect(nodes.map(({ cost }) => Math.sign(Number(cost)))).toEqual([1, -1, 1, -1, 1]);
      await expectSame(format, await download(exportUrl), nodes);
    }
});
