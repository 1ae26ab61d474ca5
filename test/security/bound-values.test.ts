import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bind, join, sql } from '../../src/clickhouse/sql.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

/** All that an array literal, a form or an identifier could trip over. */
const odd = [
  "it's",
  'back\\slash',
  'two\\\\',
  "\\'",
  'tab\there',
  '] OR 1=1 --',
  '--boundary',
  'größe 💶',
  '{p1:String}',
];

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  const records = odd.map((campaignId, index) => ({
    date: '2025-08-01',
    campaignId,
    channel: 'google',
    clicks: 1,
    cost: 2 ** index,
  }));
  const { errors } = await app.query(
    'mutation($records: [AdPerformanceInput!]!) { ingestAdPerformance(input: { records: $records }) { accepted } }',
    { records },
  );
  expect(errors).toBeUndefined();
});
afterAll(() => app.close());

const range = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-02" } }';
const tiles = (count: number, where: string): string =>
  Array.from(
    { length: count },
    (_, index) => `t${index}: metrics(${range} first: ${index + 1} ${where}) { totals { cost leads } }`,
  ).join('\n');
/** As long as a request can have. */
const many = Array.from({ length: 8_000 }, (_, index) => `campaign ${index} `.padEnd(70, "\\'"));

it.each([
  0, 1,
])('finds exactly what a list of 8,000 names, whatever is in its values (%s)', async (parity) => {
  const named = odd.filter((_, index) => index % 2 === parity);
  const cost = odd.reduce((sum, _, index) => (index % 2 === parity ? sum + 2 ** index : sum), 0);
  const { data, errors } = await app.query(
    `query($ids: [String!]) { ${tiles(2, 'where: { campaignId: { in: $ids } }')} }`,
    { ids: [...many, ...named] },
  );
  expect(errors).toBeUndefined();
  expect(data).toEqual({ t0: { totals: { cost, leads: 0 } }, t1: { totals: { cost, leads: 0 } } });
});

it('refuses 50 tiles over one list of 8,000 before anything is run, and keeps the loop free', async () => {
  const ask = (count: number) =>
    app.query(`query($ids: [String!]) { ${tiles(count, 'where: { campaignId: { in: $ids } }')} }`, {
      ids: many,
    });
  const held = monitorEventLoopDelay({ resolution: 1 });
  held.enable();
  const { errors } = await ask(50);
  held.disable();
  expect(errors?.[0]?.extensions.code).toBe('QUERY_TOO_COMPLEX');
  expect(errors?.[0]?.message).toContain('Give shorter lists');
  // It had held it for 9 s; this bar has room for a machine that is busy.
  expect(held.max / 1e6).toBeLessThan(1_000);
  expect((await ask(5)).errors).toBeUndefined();
});

it('counts a list for each period and query that it is read with', async () => {
  const ids = many.slice(0, 3_000);
  const ask = (more: string, below = '') =>
    app.query(
      `query($ids: [String!]) { ${Array.from({ length: 12 }, (_, index) => `t${index}: metrics(${range} groupBy: [CHANNEL] first: ${index + 1} where: { campaignId: { in: $ids } } ${more}) { totals { cost } ${below} }`).join('\n')} }`,
      { ids },
    );
  expect((await ask('')).errors).toBeUndefined();
  for (const twice of [
    ask('compareTo: { previousYear: true } limitBy: { n: 1, dimension: CHANNEL }'),
    ask('', 'subtotals(by: [[], [CHANNEL]]) { nodes { cost } } unattributed { leads }'),
  ])
    expect((await twice).errors?.[0]?.message).toContain('Give shorter lists');
});

it('answers 240 alternatives of one dimension as the list that they are', async () => {
  const or = odd
    .concat(many)
    .slice(0, 240)
    .map((campaignId) => ({ campaignId: { eq: campaignId } }));
  const { data, errors } = await app.query(
    `query($w: MetricsWhere) { metrics(${range} where: $w compareTo: { previousYear: true }) { totals { cost leads } } }`,
    { w: { or } },
  );
  expect(errors).toBeUndefined();
  expect(data).toEqual({ metrics: { totals: { cost: 2 ** odd.length - 1, leads: 0 } } });
});

it.each([
  [
    'where',
    '$w: MetricsWhere',
    'where: $w',
    { w: { or: Array.from({ length: 101 }, (_, i) => ({ channel: { contains: `${i}`, ne: 'x' } })) } },
  ],
  [
    'having',
    '$h: [HavingInput!]',
    'having: $h',
    { h: Array.from({ length: 51 }, (_, i) => ({ measure: 'COST', gt: i, lt: -i })) },
  ],
])('refuses more conditions than a %s can have, with a sentence', async (name, variables, argument, values) => {
  const { errors } = await app.query(
    `query(${variables}) { metrics(${range} ${argument}) { totals { cost } } }`,
    values,
  );
  expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  expect(errors?.[0]?.message).toMatch(new RegExp(`^${name} has \\d+ conditions; at most`));
});

it('sends no statement with more parameters than ClickHouse takes', async () => {
  const sum = (count: number) =>
    app.store.read(
      sql`SELECT (${join(
        Array.from({ length: count }, () => sql`${bind('UInt8', 1)} = 1`),
        ' AND ',
      )}) AS holds`,
    );
  expect((await sum(900)).rows).toEqual([[1]]);
  await expect(sum(901)).rejects.toMatchObject({ code: 'QUERY_TOO_EXPENSIVE' });
});
