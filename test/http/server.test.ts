import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bind, sql } from '../../src/clickhouse/sql.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

describe('beside GraphQL', () => {
  it('/healthz, /readyz and /metrics answer', async () => {
    expect(await (await fetch(`${app.url}/healthz`)).json()).toEqual({ status: 'ok' });
    const ready = await fetch(`${app.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: 'ready', store: 'ok', sources: { ads: { circuit: 'closed' }, crm: { circuit: 'closed' } } },
    ]);
    await app.pull();
    const metrics = await (await fetch(`${app.url}/metrics`)).text();
    expect(metrics).toContain('http_requests_total{route="/readyz",method="GET",status="200"} 1');
    expect(metrics).toContain('source_requests_total{source="ads",outcome="ok"} 1');
    expect(metrics).toContain('ingest_requests_total{source="crm",status="succeeded"} 1');
    expect(metrics).toContain('clickhouse_query_duration_seconds_bucket');
  });

  it('GraphiQL opens on the example query and needs no other host', async () => {
    const response = await fetch(`${app.url}/graphql`, { headers: { accept: 'text/html' } });
    const page = await response.text();
    expect(page).toContain('ChannelPerformance');
    expect(page).not.toMatch(/<(script|link)[^>]+(src|href)="https?:/);
  });

  it('an unknown path says what there is', async () => {
    const response = await fetch(`${app.url}/graphq`);
    expect([response.status, await response.json()]).toEqual([
      404,
      { error: { code: 'NOT_FOUND', message: expect.stringContaining('/graphql') } },
    ]);
    expect((await fetch(`${app.url}/healthz`, { method: 'DELETE' })).status).toBe(405);
  });
});

describe('the request id', () => {
  it('is taken over, sent back, and stands in ClickHouse’s query log', async () => {
    const id = `test-${Date.now()}`;
    const response = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': id },
      body: JSON.stringify({ query: '{ metrics(dateRange: { preset: YESTERDAY }) { totals { cost } } }' }),
    });
    expect(response.headers.get('x-request-id')).toBe(id);
    await app.store.command(sql`SYSTEM FLUSH LOGS`, { changesAnswersOf: [] });
    const rows = await app.store.select(
      z.object({ type: z.string() }),
      sql`SELECT type FROM system.query_log WHERE log_comment = ${bind('String', id)}`,
    );
    expect(rows.length).toBeGreaterThan(0);
  });

  it.each(['', 'a b', 'x'.repeat(200), '<script>'])('%j is replaced by one of our own', async (id) => {
    const response = await fetch(`${app.url}/healthz`, { headers: { 'x-request-id': id } });
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('bad arguments get BAD_USER_INPUT with a sentence that names the argument', () => {
  const yesterday = 'dateRange: { preset: YESTERDAY }';
  it.each([
    [
      'dateRange: { last: { count: 7, unit: DAYS } }',
      /dateRange\.last\.unit: .*DAY, MONTH, QUARTER, WEEK, YEAR/,
    ],
    [`${yesterday}, groupBy: [CHANEL]`, /groupBy: .*CHANNEL/],
    ['dateRange: { last: { count: 0, unit: DAY } }', /dateRange\.last\.count: 0/],
    ['dateRange: { between: { from: "2025-08-02", to: "2025-08-01" } }', /dateRange: from .* is after to/],
    [
      'dateRange: { between: { from: "2025-02-30", to: "2025-08-01" } }',
      /dateRange\.between\.from: .*2025-02-30/,
    ],
    ['dateRange: { preset: YESTERDAY, last: { count: 1, unit: DAY } }', /dateRange: .*exactly one/],
    [
      'dateRange: { between: { from: "1999-01-01", to: "2025-08-01" } }',
      /dateRange: days go from 2000-01-01/,
    ],
    [`${yesterday}, first: 0`, /first: 0 is not between 1 and 10000/],
    [`${yesterday}, first: 10001`, /first: 10001/],
    [`${yesterday}, after: "nonsense"`, /after: this is no cursor/],
    [`${yesterday}, orderBy: [{ dimension: CHANNEL }]`, /orderBy: CHANNEL is not in groupBy/],
    [`${yesterday}, orderBy: [{ measure: COST, dimension: DATE }]`, /orderBy\[0\]: give exactly one/],
    [`${yesterday}, groupBy: [CHANNEL, CHANNEL]`, /groupBy names CHANNEL twice/],
    [`${yesterday}, where: { channel: {} }`, /where\.channel is empty; give one of eq, ne, in/],
    [`${yesterday}, where: { not: {} }`, /where\.not is empty/],
    [`${yesterday}, where: { match: { eq: "NEARLY" } }`, /where\.match\.eq: "NEARLY" is none of EXACT/],
    [`${yesterday}, having: [{ measure: COST }]`, /having\[0\] has no condition/],
    ['groupBy: []', /argument "dateRange"/],
  ])('%s', async (args, message) => {
    const { errors } = await app.query(`{ metrics(${args}) { nodes { cost } } }`);
    expect(errors).toMatchObject([
      { message: expect.stringMatching(message), extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });

  it('in variables, too', async () => {
    const { errors } = await app.query(
      'query ($range: DateRangeInput!) { metrics(dateRange: $range) { nodes { cost } } }',
      {
        range: { between: { from: '2025-13-01', to: '2025-08-01' } },
      },
    );
    expect(errors).toMatchObject([
      {
        message: expect.stringMatching(/\$range.*range\.between\.from/),
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
  });

  it('a cursor of another query', async () => {
    const page = (args: string) =>
      `{ metrics(dateRange: { preset: LAST_7_DAYS }, first: 1, ${args}) { nodes { cost } pageInfo { endCursor } } }`;
    const { data } = await app.query(page('groupBy: []'));
    const cursor = (data as unknown as { metrics: { pageInfo: { endCursor: string } } }).metrics.pageInfo
      .endCursor;
    const { errors } = await app.query(page(`groupBy: [CHANNEL], after: "${cursor}"`));
    expect(errors).toMatchObject([{ message: expect.stringContaining('another query') }]);
  });
});

describe('only what is selected is computed', () => {
  const queriesOf = async (id: string): Promise<string[]> => {
    await app.store.command(sql`SYSTEM FLUSH LOGS`, { changesAnswersOf: [] });
    const rows = await app.store.select(
      z.object({ query: z.string() }),
      sql`SELECT query FROM system.query_log WHERE type = 'QueryFinish' AND log_comment = ${bind('String', id)} ORDER BY event_time_microseconds`,
    );
    return rows.map(({ query }) => query);
  };
  const send = async (id: string, query: string, variables = {}): Promise<string[]> => {
    const response = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      // A workspace that nobody has asked about: its exchange rates are looked for.
      headers: { 'content-type': 'application/json', 'x-request-id': id, 'x-workspace': id },
      body: JSON.stringify({ query, variables }),
    });
    expect(await response.json()).not.toHaveProperty('errors');
    return queriesOf(id);
  };

  it('fragments, aliases, @include and @skip count', async () => {
    const [statement = '', ...others] = await send(
      `selection-${Date.now()}`,
      `query ($crm: Boolean!) { tile: metrics(dateRange: { preset: YESTERDAY }, groupBy: [CHANNEL]) { rows: nodes { ...Spend leads @include(if: $crm) } totals @skip(if: true) { revenue } } }
       fragment Spend on MetricsNode { price: cpc ... on MetricsNode { clicks } }`,
      { crm: false },
    );
    expect(others).toEqual([]);
    expect(statement).toContain('sum(clicks)');
    expect(statement).not.toContain('opportunities');
    expect(statement).not.toContain('impressions');
    expect(statement).not.toContain('WITH TOTALS');
  });

  it('tiles that differ only in what they show are one query', async () => {
    const range = 'dateRange: { preset: LAST_7_DAYS }, groupBy: [CHANNEL]';
    const statements = await send(
      `tiles-${Date.now()}`,
      `{ a: metrics(${range}) { nodes { channel cost } } b: metrics(${range}) { nodes { channel clicks cpc } totals { cost } } c: metrics(${range}) { totalCount nodes { channel impressions } } }`,
    );
    expect(statements).toHaveLength(1);
  });
});

it('metricCatalog lists every measure and dimension with its meaning', async () => {
  const { data } = await app.query(
    '{ metricCatalog { measures { name field unit formula description additive } dimensions { name field description } } }',
  );
  const catalog = (
    data as unknown as { metricCatalog: { measures: { name: string }[]; dimensions: { name: string }[] } }
  ).metricCatalog;
  expect(catalog.measures).toHaveLength(22);
  expect(catalog.measures).toContainEqual(
    expect.objectContaining({
      name: 'CVR_LEAD_TO_OPP',
      field: 'cvrLeadToOpp',
      unit: 'RATIO',
      formula: 'opportunities / leads',
      additive: false,
    }),
  );
  expect(catalog.dimensions.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['DATE', 'CHANNEL', 'CAMPAIGN_ID', 'UTM_TERM', 'MATCH']),
  );
});
