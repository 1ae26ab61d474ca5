import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { startTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  const record = (date: string, campaign: string, cost: number) =>
    `{ date: "${date}", campaignId: "${campaign}", channel: "ga", clicks: 1, impressions: 10, cost: ${cost}, utmCampaign: "${campaign}" }`;
  const byCountry = (date: string, costs: readonly number[], ofNone: number) => [
    record(date, 'anywhere', ofNone),
    ...costs.map((cost, index) =>
      record(date, 'somewhere', cost).replace(' }', `, breakdowns: { country: "${'abc'[index]}" } }`),
    ),
  ];
  const days = (month: string, count: number, cost: number) =>
    Array.from({ length: count }, (_, day) =>
      record(`${month}-${String(day + 1).padStart(2, '0')}`, 'daily', cost),
    );
  const records = [
    record('2025-08-01', '(other)', 100),
    record('2025-08-01', 'brand', 50),
    record('2025-08-01', 'x', 5),
    record('2025-08-01', 'y', 3),
    ...byCountry('2025-08-02', [9, 8, 7], 1),
    ...byCountry('2025-08-03', [9, 8, 7], 90),
    ...days('2026-02', 28, 10),
    ...days('2026-03', 31, 1),
  ];
  const { errors } = await app.query(
    `mutation { ingestAdPerformance(input: { records: [${records.join(' ')}] }) { stored } }`,
  );
  expect(errors).toBeUndefined();
});
afterAll(() => app.close());

const answer = z.object({
  metrics: z.object({
    nodes: z.array(z.record(z.string(), z.unknown())),
    totals: z.record(z.string(), z.unknown()).optional(),
    pageInfo: z.object({ endCursor: z.string() }).optional(),
    meta: z.object({ warnings: z.array(z.object({ code: z.string() })) }).optional(),
  }),
});
const ask = async (range: string, more: string, selection: string) => {
  const [from, to] = range.split('/');
  return app.query(
    `{ metrics(dateRange: { between: { from: "${from}", to: "${to}" } } ${more}) { ${selection} } }`,
  );
};
const metrics = async (range: string, more: string, selection: string) =>
  answer.parse((await ask(range, more, selection)).data).metrics;

const august = '2025-08-01/2025-08-01';
const largest = 'groupBy: [UTM_CAMPAIGN] orderBy: [{ measure: COST, direction: DESC }]';

it('a campaign that is named (other) is not the rest of the top N', async () => {
  const limit = 'limitBy: { n: 2, dimension: UTM_CAMPAIGN, others: true }';
  const { nodes, totals } = await metrics(
    august,
    `${largest} ${limit}`,
    'nodes { utmCampaign isOther cost } totals { cost }',
  );
  expect(nodes).toEqual([
    { utmCampaign: '(other)', isOther: false, cost: 100 },
    { utmCampaign: 'brand', isOther: false, cost: 50 },
    { utmCampaign: '(other)', isOther: true, cost: 8 },
  ]);
  expect(totals).toEqual({ cost: 158 });
});

it.each([
  ['2025-08-02', 2, ['a 9', 'b 8', '(other) 7', 'null 1']],
  ['2025-08-03', 2, ['null 90', 'a 9', 'b 8', '(other) 7']],
  ['2025-08-03', 3, ['null 90', 'a 9', 'b 8', 'c 7']],
])('keeps rows without a value beside the largest (%s, %i)', async (day, n, rows) => {
  const { nodes, totals } = await metrics(
    `${day}/${day}`,
    `breakdowns: ["country"] orderBy: [{ measure: COST, direction: DESC }]
       limitBy: { n: ${n}, breakdown: "country", others: true, keepNull: true }`,
    'nodes { country: breakdown(name: "country") cost } totals { cost }',
  );
  expect(nodes.map(({ country, cost }) => `${country} ${cost}`)).toEqual(rows);
  expect(totals).toEqual({ cost: 24 + Number(rows.find((row) => row.startsWith('null'))?.slice(5)) });
});

it('a cursor goes on only with the same limitBy', async () => {
  const limit = 'first: 1 limitBy: { n: 1, dimension: UTM_CAMPAIGN, others: true }';
  const first = await metrics(august, `${largest} ${limit}`, 'nodes { cost } pageInfo { endCursor }');
  const after = `after: "${first.pageInfo?.endCursor}"`;
  const next = await metrics(august, `${largest} ${limit} ${after}`, 'nodes { cost isOther }');
  expect(next.nodes).toEqual([{ cost: 58, isOther: true }]);
  for (const other of [
    '',
    'limitBy: { n: 2, dimension: UTM_CAMPAIGN, others: true }',
    'limitBy: { n: 1, dimension: UTM_CAMPAIGN, others: true, keepNull: true }',
  ]) {
    const { errors } = await ask(august, `${largest} first: 1 ${other} ${after}`, 'nodes { cost }');
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  }
});

it.each([
  // Three days without a counterpart.
  ['2026-03-01/2026-03-31', '2026-02-01', '2026-02-28', { cost: 31, previous: { cost: 280 } }, 31, 0, []],
  // Three days beyond the range.
  [
    '2026-02-01/2026-02-28',
    '2026-03-01',
    '2026-03-31',
    { cost: 280, previous: { cost: 31 } },
    28,
    4,
    ['COMPARED_LONGER'],
  ],
])('the days of %s stand beside those of %s to %s by position', async (range, from, to, totals, rows, last, codes) => {
  const found = await metrics(
    range,
    `groupBy: [DATE] orderBy: [{ dimension: DATE }] compareTo: { between: { from: "${from}", to: "${to}" } }`,
    'nodes { date cost previous { cost } } totals { cost previous { cost } } meta { warnings { code } }',
  );
  expect(found.totals).toEqual(totals);
  expect(found.nodes).toHaveLength(rows);
  expect(found.nodes.at(-1)).toMatchObject({ date: range.split('/')[1], previous: { cost: last } });
  const previous = z.object({ previous: z.object({ cost: z.number() }) });
  const sum = found.nodes.reduce((total, row) => total + previous.parse(row).previous.cost, 0);
  expect(sum).toBe(totals.previous.cost);
  expect(found.meta?.warnings.map(({ code }) => code)).toEqual(codes);
});
