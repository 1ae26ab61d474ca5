import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { bind, sql } from '../../src/clickhouse/sql.ts';
import { adsFeed, startTestApp, type TestApp } from '../support/app.ts';

const count = 100;
const range = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-03" } }';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  // Campaign n costs n on each of three days.
  const rows = Array.from({ length: 3 * count }, (_, index) => ({
    date: `2025-08-0${1 + (index % 3)}`,
    channel: index % 2 === 0 ? 'meta' : 'google_ads',
    campaign_id: `C-${Math.floor(index / 3)}`,
    clicks: 1,
    impressions: 10,
    cost: Math.floor(index / 3),
    utm_campaign: 'many',
    utm_source: 'google',
    utm_medium: 'cpc',
  }));
  app.answer({ ads: adsFeed(rows) });
  await app.pull();
});
afterAll(() => app.close());

let requests = 0;

/** The answer, and the statements that ClickHouse ran for it. */
async function send(query: string): Promise<{ data: unknown; statements: string[] }> {
  requests += 1;
  const id = `explore-${process.pid}-${Date.now()}-${requests}`;
  const response = await fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': id },
    body: JSON.stringify({ query }),
  });
  const body = (await response.json()) as { data: unknown; errors?: unknown };
  expect(body.errors).toBeUndefined();
  await app.store.command(sql`SYSTEM FLUSH LOGS`, { changesAnswersOf: [] });
  const rows = await app.store.select(
    z.object({ query: z.string() }),
    sql`SELECT query FROM system.query_log WHERE type = 'QueryFinish' AND log_comment = ${bind('String', id)} ORDER BY event_time_microseconds`,
  );
  return { data: body.data, statements: rows.map(({ query: text }) => text) };
}

it('the metrics of 100 campaigns are one query beside the list', async () => {
  const { data, statements } = await send(
    `{ campaigns(${range}, first: 100) { nodes { id metrics(${range}) { cost clicks } } } }`,
  );
  const { nodes } = (data as { campaigns: { nodes: { id: string; metrics: { cost: number } }[] } }).campaigns;
  expect(nodes).toHaveLength(count);
  for (const { id, metrics } of nodes) expect(metrics).toEqual({ cost: 3 * Number(id.slice(2)), clicks: 3 });
  expect(statements).toHaveLength(2);
  expect(statements[1]).toContain('sum(clicks)');
  expect(statements[1]).not.toContain('impressions');
  expect(statements[1]).not.toContain('opportunities');
});

it('each range, filter, granularity and set of measures is one query more', async () => {
  const { data, statements } = await send(`{ campaigns(${range}, first: 100) { nodes { id
    metrics(${range}) { cost }
    day: metrics(dateRange: { between: { from: "2025-08-02", to: "2025-08-02" } }) { cost }
    meta: metrics(${range}, where: { channel: { eq: "meta" } }) { cost }
    leads: metrics(${range}) { leads }
    timeseries(${range}) { date cost }
    weeks: timeseries(${range}, granularity: WEEK) { date cost }
    __typename
  } } }`);
  expect(statements).toHaveLength(1 + 6);
  const { nodes } = (data as { campaigns: { nodes: Record<string, unknown>[] } }).campaigns;
  expect(nodes[0]).toMatchObject({
    id: 'C-99',
    metrics: { cost: 297 },
    day: { cost: 99 },
    leads: { leads: 0 },
    timeseries: [
      { date: '2025-08-01', cost: 99 },
      { date: '2025-08-02', cost: 99 },
      { date: '2025-08-03', cost: 99 },
    ],
    weeks: [{ date: '2025-07-28', cost: 297 }],
  });
});

it('the same asked in two places, and what differs only in what it shows, are one query', async () => {
  const { statements } = await send(`{ campaigns(${range}) { nodes {
    metrics(${range}) { cost } again: metrics(${range}) { cost } more: metrics(${range}) { clicks } } } }`);
  expect(statements).toHaveLength(2);
});

it('campaigns by id are one query, and their metrics another', async () => {
  const { data, statements } = await send(
    `{ a: campaign(id: "C-1") { id metrics(${range}) { cost } } b: campaign(id: "C-2") { id metrics(${range}) { cost } } c: campaign(id: "none") { id } }`,
  );
  expect(data).toEqual({
    a: { id: 'C-1', metrics: { cost: 3 } },
    b: { id: 'C-2', metrics: { cost: 6 } },
    c: null,
  });
  expect(statements).toHaveLength(2);
});

it('__typename alone, and what is skipped, cost no query', async () => {
  const { statements } = await send(
    `{ campaigns(${range}) { nodes { metrics(${range}) { __typename cost @skip(if: true) } } } }`,
  );
  expect(statements).toHaveLength(1);
});

it('campaigns page without loss or repeat, in one order', async () => {
  const ids: string[] = [];
  let after = '';
  for (let page = 0; page < 10; page += 1) {
    const { data } = await app.query(
      `{ campaigns(${range}, first: 13${after}) { nodes { id } pageInfo { endCursor hasNextPage } } }`,
    );
    const { nodes, pageInfo } = (
      data as unknown as {
        campaigns: { nodes: { id: string }[]; pageInfo: { endCursor: string; hasNextPage: boolean } };
      }
    ).campaigns;
    ids.push(...nodes.map(({ id }) => id));
    if (!pageInfo.hasNextPage) break;
    after = `, after: "${pageInfo.endCursor}"`;
  }
  expect(ids).toEqual(Array.from({ length: count }, (_, index) => `C-${count - 1 - index}`));
});
