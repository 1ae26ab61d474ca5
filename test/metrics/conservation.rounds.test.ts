import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';
import { dirtyFeeds } from '../support/dirty-data.ts';
import { countFacts, type Fact, type Sums, sumNames, sumUp } from '../support/oracle.ts';
import { rounds } from '../support/rounds.ts';

const days = Array.from({ length: 75 }, (_, index) =>
  new Date(Date.UTC(2025, 6, 1 + index)).toISOString().slice(0, 10),
);
const feeds = dirtyFeeds(20_250_801, { ads: 4_000, crm: 1_500 }, days);
const facts = countFacts(feeds.ads, feeds.crm);
const totals = sumUp(facts);

const dimensions = [
  'channel',
  'campaignId',
  'adGroupId',
  'adId',
  'utmCampaign',
  'utmSource',
  'utmMedium',
  'utmContent',
  'utmTerm',
  'currency',
  'match',
] as const;
const enumName = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ environment: { ROLLUPS: 'on', ROLLUPS_MIN_ROWS: '0' } });
  app.answer({ ads: adsFeed(feeds.ads), crm: crmFeed(feeds.crm) });
  // Rows with one key and other figures: the last of them counts, as in the oracle.
  const runs = await app.pull('mode: UPSERT');
  expect(runs).toMatchObject([
    { status: 'SUCCEEDED', recordsRejected: 0 },
    { status: 'SUCCEEDED', recordsRejected: 0 },
  ]);
});
afterAll(() => app.close());

const question = `query ($range: DateRangeInput!, $groupBy: [Dimension!], $where: MetricsWhere) {
  metrics(dateRange: $range, groupBy: $groupBy, where: $where, first: 10000) {
    nodes { date ${dimensions.join(' ')} ${sumNames.join(' ')} }
    totals { ${sumNames.join(' ')} }
    totalCount
  }
}`;

type Condition = {
  readonly dimension: (typeof dimensions)[number];
  readonly operator: 'eq' | 'in' | 'notIn';
  readonly values: readonly string[];
};
const valuesOf = (name: string): string[] => [
  ...new Set(facts.map((fact) => fact.dimensions[name]).filter((value) => typeof value === 'string')),
];
const condition: fc.Arbitrary<Condition> = fc.constantFrom(...dimensions).chain((dimension) =>
  fc.record({
    dimension: fc.constant(dimension),
    operator: fc.constantFrom('eq', 'in', 'notIn'),
    values: fc.uniqueArray(
      fc.constantFrom(...valuesOf(dimension), ...(dimension === 'match' ? [] : ['nobody'])),
      { minLength: 1, maxLength: 3 },
    ),
  }),
);
const pair = fc.record({
  groupBy: fc.subarray(['date', ...dimensions] as const, { maxLength: 4 }),
  where: fc.array(condition, { maxLength: 2 }),
  first: fc.nat({ max: 20 }),
  length: fc.integer({ min: 20, max: 75 }),
});

const holds = (fact: Fact, { dimension, operator, values }: Condition): boolean => {
  const value = fact.dimensions[dimension] ?? null;
  const isIn = value !== null && (operator === 'eq' ? value === values[0] : values.includes(value));
  return operator === 'notIn' ? !isIn : isIn;
};

it('conservation: random groupings and filters, against totals counted from the raw feeds', async () => {
  const everything = await app.query(question, {
    range: { between: { from: days[0], to: days.at(-1) } },
    groupBy: [],
  });
  expect(everything.data).toMatchObject({ metrics: { totals } });
  expect(totals.leads).toBeGreaterThan(500);

  const pairs = fc.sample(pair, { seed: 7, numRuns: rounds(1_000) });
  let compared = 0;
  const check = async ({ groupBy, where, first, length }: (typeof pairs)[number]): Promise<void> => {
    const range = days.slice(first, first + length);
    const answer = await app.query(question, {
      range: { between: { from: range[0], to: range.at(-1) } },
      groupBy: groupBy.map(enumName),
      where:
        where.length === 0
          ? undefined
          : {
              and: where.map(({ dimension, operator, values }) => ({
                [dimension]: { [operator]: operator === 'eq' ? values[0] : values },
              })),
            },
    });
    expect(answer.errors).toBeUndefined();
    const { nodes, totals: shown, totalCount } = (answer.data as unknown as { metrics: Shown }).metrics;
    const counted = facts.filter(
      (fact) =>
        fact.date >= (range[0] ?? '') &&
        fact.date <= (range.at(-1) ?? '') &&
        where.every((part) => holds(fact, part)),
    );
    expect(shown).toEqual(sumUp(counted));

    const groups = new Map<string, Fact[]>();
    for (const fact of counted) {
      const key = JSON.stringify(
        groupBy.map((name) => (name === 'date' ? fact.date : (fact.dimensions[name] ?? null))),
      );
      groups.set(key, [...(groups.get(key) ?? []), fact]);
    }
    // Without groups there is one row, even of nothing.
    if (groupBy.length === 0 && groups.size === 0) groups.set('[]', []);
    expect(totalCount).toBe(groups.size);
    const rows = new Map(
      nodes.map((row) => [
        JSON.stringify(groupBy.map((name) => row[name] ?? null)),
        Object.fromEntries(sumNames.map((name) => [name, row[name]])),
      ]),
    );
    expect(rows).toEqual(new Map([...groups].map(([key, group]) => [key, sumUp(group)])));
    compared += rows.size;
  };
  for (let index = 0; index < pairs.length; index += 4)
    await Promise.all(pairs.slice(index, index + 4).map(check));
  expect(compared).toBeGreaterThan(rounds(10_000));
}, 600_000);

interface Shown {
  readonly nodes: readonly Readonly<Record<string, unknown>>[];
  readonly totals: Sums;
  readonly totalCount: number;
}
