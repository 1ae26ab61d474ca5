import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { bind, sql } from '../../src/clickhouse/sql.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

/** Texts that are hard to write, or that a spreadsheet would execute. */
const campaigns = ['=1+1', '+x', '-x', '@x', '\tx', '\rx', '\nx', '＝1', 'a,\'b"c', 'plain', ''];
const rowCount = 20_000;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ environment: { EXPORT_MAX_ROWS: '30000' } });
  await fill(app, rowCount);
});
afterAll(() => app.close());

async function fill(target: TestApp, rows: number): Promise<void> {
  await target.store.command(
    sql`INSERT INTO ad_performance (workspace, date, channel, campaign_id, ad_group_id, ad_id, utm_campaign, utm_source, utm_medium,
      utm_content, utm_term, currency, clicks, impressions, cost, source, version, is_deleted, breakdowns)
    SELECT 'default', toDate('2025-08-01') + number % 5, ['google_ads', 'facebook', 'tiktok'][number % 3 + 1], toString(number % 100), '',
      toString(number), arrayElement(${bind('Array(String)', campaigns)}, number % 11 + 1), 'b', 'c', 'd', 'e', 'USD', number % 7, 10, 1.25, 'test', 1, 0,
      map('country', number % 2 = 0 ? 'DE' : 'FR')
    FROM numbers(${bind('UInt64', rows)})`,
    { changesAnswersOf: ['default'] },
  );
}

type Parameters = Readonly<Record<string, string>>;
const range = { from: '2025-08-01', to: '2025-08-05' };
const graphqlRange = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-05" } }';
const addressOf = (target: TestApp, parameters: Parameters): string =>
  `${target.url}/export/metrics?${new URLSearchParams(parameters)}`;
const get = (parameters: Parameters, headers: Record<string, string> = {}, target = app) =>
  fetch(addressOf(target, parameters), { headers });

const refusal = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
const refused = async (parameters: Parameters, headers = {}, target = app) => {
  const response = await get(parameters, headers, target);
  return { status: response.status, ...refusal.parse(await response.json()).error };
};

type Row = Readonly<Record<string, unknown>>;
const ndjson = async (response: Response): Promise<Row[]> => {
  const text = await response.text();
  if (response.status !== 200) throw new Error(text);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
};
const nodesOf = async (query: string): Promise<Row[]> => {
  const { data, errors } = await app.query(query);
  if (errors) throw new Error(JSON.stringify(errors));
  return (data as unknown as { metrics: { nodes: Row[] } }).metrics.nodes;
};

/** Has ClickHouse read a file. */
async function readBack(bytes: ArrayBuffer, format: string, query: string): Promise<Row> {
  const { url, username, password } = inject('clickhouse');
  const statement = `${query.replace('FILE', `format(${format}, unhex('${Buffer.from(bytes).toString('hex')}'))`)} FORMAT JSONEachRow`;
  const response = await fetch(`${url}/?max_query_size=100000000&output_format_json_quote_64bit_integers=0`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` },
    body: statement,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text.slice(0, 500));
  return JSON.parse(text) as Row;
}

const byAd = { ...range, groupBy: 'AD_ID', measures: 'COST,CLICKS,CPC', limit: '3000' };

describe('each format holds the same rows', () => {
  it('CSV', async () => {
    const response = await get({ ...byAd, limit: '20000' });
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('content-disposition')).toBe(
      'attachment; filename="metrics_2025-08-01_2025-08-05_by_adId.csv"',
    );
    const rows: Record<string, string>[] = parse(await response.text(), { columns: true });
    expect(Object.keys(rows[0] ?? {})).toEqual(['adId', 'cost', 'clicks', 'cpc']);
    const { data } = await app.query(`{ metrics(${graphqlRange}) { totals { cost clicks } } }`);
    const sum = (name: string): number => rows.reduce((all, row) => all + Number(row[name]), 0);
    expect({ cost: sum('cost'), clicks: sum('clicks') }).toEqual(
      (data as unknown as { metrics: { totals: unknown } }).metrics.totals,
    );
    // A ratio without a denominator is an empty cell.
    expect(rows.find(({ clicks }) => clicks === '0')?.cpc).toBe('');
  });

  it.each([
    ['ndjson', 'JSONEachRow', 'application/x-ndjson; charset=utf-8'],
    ['parquet', 'Parquet', 'application/vnd.apache.parquet'],
    ['arrow', 'ArrowStream', 'application/vnd.apache.arrow.stream'],
  ])('%s', async (format, name, type) => {
    const response = await get({ ...byAd, groupBy: 'DATE,CHANNEL', format });
    expect(response.headers.get('content-type')).toBe(type);
    const bytes = await response.arrayBuffer();
    const { data } = await app.query(`{ metrics(${graphqlRange}) { totals { cost clicks } } }`);
    const totals = (data as unknown as { metrics: { totals: Row } }).metrics.totals;
    expect(await readBack(bytes, name, 'SELECT sum(cost) AS cost, sum(clicks) AS clicks FROM FILE')).toEqual(
      totals,
    );
    if (format === 'ndjson') return;
    expect(
      await readBack(
        bytes,
        name,
        'SELECT toTypeName(any(date)) AS date, toTypeName(any(channel)) AS channel, toTypeName(any(cost)) AS cost, toTypeName(any(clicks)) AS clicks FROM FILE',
      ),
    ).toEqual({
      date: expect.stringContaining('Date32'),
      channel: expect.stringContaining('String'),
      cost: expect.stringContaining('Float64'),
      clicks: expect.stringContaining('Int64'),
    });
  });

  it('and HEAD asks for its head alone', async () => {
    const response = await fetch(addressOf(app, byAd), { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-disposition')).toContain('by_adId.csv');
  });
});

describe('the figures are those of GraphQL', () => {
  const measures = ['COST', 'CLICKS', 'CPC', 'LEADS', 'CTR'];
  const fields = 'cost clicks cpc leads ctr';
  const dimensions = ['DATE', 'CHANNEL', 'CAMPAIGN_ID', 'UTM_CAMPAIGN', 'MATCH'];
  const fieldsOf: Record<string, string> = {
    DATE: 'date',
    CHANNEL: 'channel',
    CAMPAIGN_ID: 'campaignId',
    UTM_CAMPAIGN: 'utmCampaign',
    MATCH: 'match',
  };

  it('of random questions, in their order', async () => {
    const question = fc.record({
      groupBy: fc.subarray(dimensions, { maxLength: 3 }),
      granularity: fc.constantFrom('DAY', 'WEEK', 'MONTH'),
      isCompared: fc.boolean(),
      having: fc.option(fc.integer({ min: 0, max: 500 })),
      direction: fc.constantFrom('ASC', 'DESC'),
      n: fc.option(fc.integer({ min: 1, max: 3 })),
      others: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(question, async (given) => {
        const { groupBy, granularity, isCompared, having, direction, n, others } = given;
        const folded = groupBy.find((name) => name !== 'DATE');
        const asked = {
          having: having === null ? [] : [{ measure: 'COST', gt: having }],
          orderBy: [{ measure: 'CLICKS', direction }],
          ...(isCompared && { compareTo: { previousPeriod: true } }),
          ...(n !== null && folded !== undefined && { limitBy: { n, dimension: folded, others } }),
        };
        const shown = [
          ...groupBy.map((name) => fieldsOf[name] ?? ''),
          ...('limitBy' in asked ? ['isOther'] : []),
          fields,
        ].join(' ');
        const literal = JSON.stringify(asked)
          .slice(1, -1)
          .replaceAll(/"(\w+)":/g, '$1:')
          .replaceAll(/"([A-Z_]+)"/g, '$1');
        const nodes = await nodesOf(
          `{ metrics(${graphqlRange}, groupBy: [${groupBy}], granularity: ${granularity}, first: 10000, ${literal}) { nodes { ${shown} ${isCompared ? `previous { ${fields} } change { ${fields} } relativeChange { ${fields} }` : ''} } } }`,
        );
        const rows = await ndjson(
          await get({
            format: 'ndjson',
            ...range,
            groupBy: groupBy.join(),
            granularity,
            measures: measures.join(),
            ...Object.fromEntries(
              Object.entries(asked).map(([name, value]) => [name, JSON.stringify(value)]),
            ),
          }),
        );
        expect(rows).toEqual(nodes.map(flat));
      }),
      { numRuns: 15 },
    );
  });

  /** `{ previous: { cost } }` as its columns are called. */
  function flat(row: Row): Row {
    return Object.fromEntries(
      Object.entries(row).flatMap(([name, value]) =>
        ['previous', 'change', 'relativeChange'].includes(name)
          ? measures.map((measure) => {
              const field = measure.toLowerCase();
              return [`${name}_${field}`, (value as Row | null)?.[field] ?? null];
            })
          : [[name, value]],
      ),
    );
  }

  it('of decimals beyond 2^53, and below zero', async () => {
    const costs = ['987654321098.765431', '-123456789012.345678', '0.000001', '-0.1', '900719925474.993999'];
    await app.store.command(
      sql`INSERT INTO ad_performance (workspace, date, channel, campaign_id, ad_group_id, ad_id, currency, cost, source, version, is_deleted)
        SELECT 'default', toDate('2025-03-01') + number, 'x', '', '', '', 'USD', arrayElement(${bind('Array(String)', costs)}, number + 1), 'test', 1, 0 FROM numbers(5)`,
      { changesAnswersOf: ['default'] },
    );
    const nodes = await nodesOf(
      '{ metrics(dateRange: { between: { from: "2025-03-01", to: "2025-03-05" } }, groupBy: [DATE]) { nodes { cost } } }',
    );
    expect(nodes.map(({ cost }) => cost)).toEqual(costs.map(Number));
    const days = { from: '2025-03-01', to: '2025-03-05', groupBy: 'DATE', measures: 'COST' };
    const rows = await ndjson(await get({ ...days, format: 'ndjson' }));
    expect(rows.map(({ cost }) => cost)).toEqual(costs.map(Number));
    const cells: { cost: string }[] = parse(await (await get(days)).text(), { columns: true });
    expect(cells.map(({ cost }) => Number(cost))).toEqual(costs.map(Number));
  });

  it('of breakdowns', async () => {
    const rows = await ndjson(
      await get({ format: 'ndjson', ...range, breakdowns: 'country', measures: 'CLICKS' }),
    );
    expect(rows.map((row) => row.breakdown_country)).toEqual(['DE', 'FR']);
  });

  it('with the filter of GraphQL', async () => {
    const rows = await ndjson(
      await get({
        format: 'ndjson',
        ...range,
        groupBy: 'CHANNEL',
        measures: 'COST',
        where: '{"channel":{"in":["tiktok","google_ads"]}}',
        orderBy: '{"dimension":"CHANNEL","direction":"DESC"}',
      }),
    );
    expect(rows.map(({ channel }) => channel)).toEqual(['tiktok', 'google_ads']);
  });
});

describe('a spreadsheet', () => {
  const asked = { ...range, groupBy: 'UTM_CAMPAIGN', measures: 'CLICKS' };
  const cells = async (format: string): Promise<unknown[]> => {
    if (format === 'ndjson')
      return (await ndjson(await get({ ...asked, format }))).map(({ utmCampaign }) => utmCampaign);
    const rows: { utmCampaign: string }[] = parse(await (await get(asked)).text(), { columns: true });
    return rows.map(({ utmCampaign }) => utmCampaign);
  };

  it('executes no cell', async () => {
    const shown = (await cells('csv')) as string[];
    expect(shown.sort()).toEqual(
      ["'=1+1", "'+x", "'-x", "'@x", "'\tx", "'\rx", "'\nx", "'＝1", 'plain', 'a,\'b"c', ''].sort(),
    );
  });

  it('is alone in that: elsewhere texts stay as they are, and what is not there is null', async () =>
    expect(await cells('ndjson')).toEqual(expect.arrayContaining(['=1+1', '+x', '-x', '@x', 'plain', null])));

  it('takes a negative number for a number', async () => {
    const compared = await get({
      ...range,
      to: '2025-08-01',
      groupBy: 'AD_ID',
      measures: 'CLICKS',
      compareTo: '{"between":{"from":"2025-08-02","to":"2025-08-02"}}',
      figures: 'CHANGE',
    });
    const changes: { change_clicks: string }[] = parse(await compared.text(), { columns: true });
    expect(changes.map(({ change_clicks }) => change_clicks)).toContainEqual(expect.stringMatching(/^-\d+$/));
  });

  it('knows UTF-8 by a mark, if asked', async () => {
    const start = async (more: Parameters) =>
      Buffer.from(await (await get({ ...asked, ...more })).arrayBuffer())
        .subarray(0, 3)
        .toString('hex');
    expect(await start({ bom: 'true' })).toBe('efbbbf');
    expect(await start({ bom: 'false' })).not.toBe('efbbbf');
  });
});

describe('what is wrong is said', () => {
  const good = { ...range, groupBy: 'CHANNEL', measures: 'COST' };
  it.each<[string, Parameters, RegExp]>([
    ['an unknown parameter', { ...good, measure: 'COST' }, /measure.*did you mean measures/],
    ['the page of a page', { ...good, first: '3' }, /first/],
    ['an unknown dimension', { ...good, groupBy: 'CHANEL' }, /"CHANEL".*did you mean.*"CHANNEL"/is],
    ['an unknown measure', { ...good, measures: 'COSTS' }, /"COSTS".*"COST"/s],
    ['no range', { groupBy: 'CHANNEL', measures: 'COST' }, /preset, as from and to/],
    ['two ranges', { ...good, preset: 'TODAY' }, /once/],
    ['half a range', { from: '2025-08-01', measures: 'COST' }, /"to"/],
    ['a day that is none', { ...good, from: '2025-13-01' }, /LocalDate|date/i],
    ['an unknown format', { ...good, format: 'xlsx' }, /csv, ndjson, parquet, arrow/],
    ['a mark for another format', { ...good, format: 'parquet', bom: 'true' }, /only CSV/],
    ['a limit that is none', { ...good, limit: '1e3' }, /limit/],
    ['a limit beyond what is allowed', { ...good, limit: '30001' }, /30000/],
    ['broken JSON', { ...good, where: '{' }, /where: this is not valid JSON/],
    ['a filter of nothing', { ...good, where: '{"channel":{}}' }, /where.channel is empty/],
    ['nothing to show', range, /no columns/],
    ['a breakdown with quotes', { ...good, breakdowns: '"}) { x' }, /breakdown/],
    ['text for a flag', { ...good, fill: 'yes' }, /Boolean/],
    ['an argument beside a document', { documentId: 'ChannelPerformance', groupBy: 'DATE' }, /groupBy/],
    ['no document', { documentId: 'Nope' }, /no document/],
    ['a document of other fields', { documentId: 'MetricCatalog' }, /metrics|no document/],
  ])('%s', async (_, parameters, message) => {
    const answer = await refused(parameters);
    expect(answer).toEqual({
      status: 400,
      code: expect.any(String),
      message: expect.stringMatching(message),
    });
  });

  it('a parameter that is given twice', async () => {
    const response = await fetch(`${addressOf(app, good)}&measures=CLICKS`);
    expect(refusal.parse(await response.json()).error.message).toBe('measures is given twice; give it once.');
  });

  it('POST', async () => expect((await fetch(addressOf(app, good), { method: 'POST' })).status).toBe(405));

  it('too many rows, before the first', async () => {
    await app.store.command(
      sql`INSERT INTO ad_performance (workspace, date, channel, campaign_id, ad_group_id, ad_id, currency, clicks, source, version, is_deleted)
        SELECT 'default', toDate('2024-01-01'), 'x', '', '', toString(number), 'USD', 1, 'test', 1, 0 FROM numbers(30001)`,
      { changesAnswersOf: ['default'] },
    );
    const many = { from: '2024-01-01', to: '2024-01-01', groupBy: 'AD_ID', measures: 'CLICKS' };
    expect(await refused(many)).toMatchObject({
      status: 400,
      code: 'QUERY_TOO_EXPENSIVE',
      message: expect.stringContaining('more than 30000 rows'),
    });
    expect(await ndjson(await get({ ...many, format: 'ndjson', limit: '30000' }))).toHaveLength(30_000);
  });
});

describe('is compressed as asked', () => {
  const asked = { ...byAd, limit: '500' };
  it.each([
    ['csv', 'gzip, deflate', 'gzip'],
    ['ndjson', 'gzip, br', 'br'],
    ['csv', 'identity', null],
    ['parquet', 'gzip, br', null],
    ['arrow', 'gzip, br', null],
  ])('%s for %s: %s', async (format, accepted, coding) => {
    const response = await get({ ...asked, format }, { 'accept-encoding': accepted });
    expect(response.headers.get('content-encoding')).toBe(coding);
    expect(response.headers.get('vary') ?? '').toMatch(
      format === 'csv' || format === 'ndjson' ? /Accept-Encoding/i : /^(?!.*Accept-Encoding)/i,
    );
    const plain = await get({ ...asked, format }, { 'accept-encoding': 'identity' });
    if (format === 'csv' || format === 'ndjson') expect(await response.text()).toBe(await plain.text());
  });
});

it('tells a browser in a page what is wrong', async () => {
  const response = await get({ ...range, measures: 'COSTS' }, { accept: 'text/html,*/*' });
  expect([response.status, response.headers.get('content-type')]).toEqual([400, 'text/html; charset=utf-8']);
  expect(await response.text()).toMatch(/COSTS/);
});

describe('documents', () => {
  const variables = JSON.stringify({ range: { between: range } });

  it('are exported by their id, all rows', async () => {
    const rows = await ndjson(await get({ documentId: 'ChannelPerformance', variables, format: 'ndjson' }));
    expect(rows.map(({ channel }) => channel).sort()).toEqual(['facebook', 'google_ads', 'tiktok']);
  });

  it('leave out what is not grouped by', async () => {
    const variables = JSON.stringify({
      range: { between: range },
      crmDate: 'CREATED',
      granularity: 'DAY',
      weekStart: 'MONDAY',
      groupBy: ['CHANNEL'],
      breakdowns: ['country'],
      orderBy: [],
      breakdown1: 'country',
      hasBreakdown1: true,
      breakdown2: '',
      hasBreakdown2: false,
      cost: true,
    });
    const response = await get({ documentId: 'DashboardExport', variables });
    expect((await response.text()).split('\n')[0]).toBe('"channel","breakdown_country","cost"');
  });

  it('and nothing else where only trusted ones are', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'utmql-export-'));
    const manifest = join(folder, 'manifest.json');
    const channels = `metrics(${graphqlRange}, groupBy: [CHANNEL]) { exportUrl(format: NDJSON) nodes { channel cost } }`;
    await writeFile(
      manifest,
      JSON.stringify({
        one: `query One { ${channels} }`,
        two: `query Two { ${channels} totals: ${channels} }`,
      }),
    );
    const strict = await startTestApp({
      environment: {
        CLICKHOUSE_DATABASE: app.store.database,
        TRUSTED_DOCUMENTS: 'only',
        PERSISTED_MANIFEST: manifest,
      },
    });
    const addressIn = async (documentId: string): Promise<string | null> => {
      const answer = await fetch(`${strict.url}/graphql?documentId=${documentId}`);
      const { data } = (await answer.json()) as { data: { metrics: { exportUrl: string | null } } };
      return data.metrics.exportUrl;
    };
    try {
      expect(await refused({ ...range, measures: 'COST' }, {}, strict)).toMatchObject({
        status: 400,
        code: 'PERSISTED_QUERY_ONLY',
      });
      const answer = await get({ documentId: 'ChannelPerformance', variables }, {}, strict);
      expect(answer.status).toBe(200);
      await answer.text();
      const address = await addressIn('one');
      expect(address).toBe('/export/metrics?format=ndjson&documentId=one');
      expect(await ndjson(await fetch(strict.url + address))).toHaveLength(3);
      expect(await addressIn('two')).toBeNull();
    } finally {
      await strict.close();
      await rm(folder, { recursive: true });
    }
  });
});

describe('exportUrl', () => {
  it('is the path of the rows of its field', async () => {
    const { data } =
      await app.query(`{ metrics(${graphqlRange}, groupBy: [CHANNEL], where: { channel: { ne: "x" } }, orderBy: [{ measure: COST, direction: DESC }], first: 1) {
      exportUrl nodes { channel cost } json: exportUrl(format: NDJSON) } }`);
    const { exportUrl, json } = (data as unknown as { metrics: { exportUrl: string; json: string } }).metrics;
    expect(exportUrl).toMatch(/^\/export\/metrics\?format=csv&dateRange=/);
    expect(exportUrl).toContain('measures=COST');
    const rows = await ndjson(await fetch(app.url + json));
    expect(rows).toHaveLength(3);
    expect(Object.keys(rows[0] ?? {})).toEqual(['channel', 'cost']);
  });

  it('is there without rows, too', async () => {
    const { data } = await app.query(`{ metrics(${graphqlRange}) { exportUrl } }`);
    expect(data).toMatchObject({ metrics: { exportUrl: expect.stringContaining('/export/metrics?') } });
  });
});
