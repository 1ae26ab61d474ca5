import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';
import { dirtyFeeds } from '../support/dirty-data.ts';
import { countFacts } from '../support/oracle.ts';
import {
  askOracle,
  measureNames,
  type OracleFilter,
  type OracleQuery,
  type OracleRow,
  subtotal,
} from '../support/oracle-query.ts';

const days = Array.from({ length: 90 }, (_, index) =>
  new Date(Date.UTC(2025, 4, 20 + index)).toISOString().slice(0, 10),
);
const feeds = dirtyFeeds(99, { ads: 1_500, crm: 700 }, days);
const facts = countFacts(feeds.ads, feeds.crm);
const dimensions = [
  'channel',
  'campaignId',
  'adGroupId',
  'utmCampaign',
  'utmSource',
  'utmMedium',
  'utmTerm',
  'match',
] as const;
const enumName = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

let app: TestApp;
beforeAll(async () => {
  // Each of these queries shows everything there is; the limit is another test's matter.
  app = await startTestApp({
    environment: { QUERY_MAX_COMPLEXITY: '1000000000', RESPONSE_CACHE_TTL_MS: '0' },
  });
  app.answer({ ads: adsFeed(feeds.ads), crm: crmFeed(feeds.crm) });
  expect(await app.pull()).toMatchObject([{ status: 'SUCCEEDED' }, { status: 'SUCCEEDED' }]);
});
afterAll(() => app.close());

const valuesOf = (name: string): string[] => [
  ...new Set(facts.map((fact) => fact.dimensions[name]).filter((value) => typeof value === 'string')),
];
const condition: fc.Arbitrary<OracleFilter> = fc.constantFrom(...dimensions).chain((dimension) => {
  const value = fc.constantFrom(...valuesOf(dimension));
  const piece = value.map((text) => text.slice(0, 2));
  const texts = fc
    .constantFrom('eq', 'ne')
    .chain((operator) => value.map((text) => ({ dimension, operator, value: text })));
  const lists = fc
    .constantFrom('in', 'notIn')
    .chain((operator) =>
      fc
        .uniqueArray(value, { minLength: 1, maxLength: 3 })
        .map((list) => ({ dimension, operator, value: list })),
    );
  const unknown = fc.boolean().map((holds) => ({ dimension, operator: 'isUnknown', value: holds }));
  const parts = fc
    .constantFrom('contains', 'startsWith', 'endsWith')
    .chain((operator) => piece.map((text) => ({ dimension, operator, value: text })));
  return fc.oneof(texts, lists, unknown, parts);
});
const filter: fc.Arbitrary<OracleFilter> = fc.letrec<{ tree: OracleFilter }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 2 },
    condition,
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((and) => ({ and })),
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((or) => ({ or })),
    tie('tree').map((not) => ({ not })),
  ),
})).tree;

const figure = fc.record({
  measure: fc.constantFrom(...measureNames),
  of: fc.constantFrom('current', 'previous', 'change', 'relativeChange'),
});
const query: fc.Arbitrary<OracleQuery> = fc
  .record({
    first: fc.integer({ min: 30, max: 70 }),
    length: fc.integer({ min: 1, max: 20 }),
    back: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
    groupBy: fc.subarray(['date', ...dimensions], { maxLength: 3 }),
    granularity: fc.constantFrom('DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR'),
    weekStart: fc.constantFrom('MONDAY', 'SUNDAY', 'SATURDAY'),
    where: fc.option(filter, { nil: undefined }),
    having: fc.option(
      fc.tuple(figure, fc.constantFrom('gt', 'gte', 'lt', 'lte'), fc.constantFrom(0, 0.1, 1.5, 10, 300)),
      { nil: undefined, freq: 2 },
    ),
    orderBy: fc.option(fc.tuple(figure, fc.constantFrom('ASC', 'DESC')), { nil: undefined }),
    fill: fc.boolean(),
    limitBy: fc.option(
      fc.record({
        n: fc.integer({ min: 1, max: 3 }),
        measure: fc.constantFrom('cost', 'clicks', 'leads'),
        others: fc.boolean(),
      }),
      { nil: undefined, freq: 2 },
    ),
  })
  .map(({ first, length, back, having, orderBy, fill, limitBy, groupBy, ...rest }): OracleQuery => {
    const at = (index: number): string => days[index] ?? '';
    const fold = groupBy.find((name) => name !== 'date');
    const of = (kind: string): string => (back === undefined ? 'current' : kind);
    return {
      ...rest,
      groupBy,
      range: [at(first), at(first + length - 1)],
      compareTo: back === undefined ? undefined : [at(first - back), at(first - back + length - 1)],
      having: having && {
        measure: having[0].measure,
        of: of(having[0].of),
        operator: having[1],
        value: having[2],
      },
      orderBy: orderBy && { measure: orderBy[0].measure, of: of(orderBy[0].of), direction: orderBy[1] },
      fill: fill && groupBy.includes('date'),
      limitBy: limitBy && fold ? { ...limitBy, dimension: fold } : undefined,
    };
  });

const toWhere = (part: OracleFilter): Record<string, unknown> => {
  if ('and' in part) return { and: part.and.map(toWhere) };
  if ('or' in part) return { or: part.or.map(toWhere) };
  if ('not' in part) return { not: toWhere(part.not) };
  return { [part.dimension]: { [part.operator]: part.value } };
};
const all = measureNames.join(' ');
const figures = `${all} previous { ${all} } change { ${all} } relativeChange { ${all} }`;
const document = `query ($range: DateRangeInput!, $groupBy: [Dimension!], $granularity: Granularity, $weekStart: Weekday, $where: MetricsWhere,
    $having: [HavingInput!], $orderBy: [OrderByInput!], $compareTo: CompareToInput, $fill: Boolean, $limitBy: LimitByInput, $levels: [[Dimension!]!]!) {
  metrics(dateRange: $range, groupBy: $groupBy, granularity: $granularity, weekStart: $weekStart, where: $where, having: $having,
      orderBy: $orderBy, compareTo: $compareTo, fill: $fill, limitBy: $limitBy, first: 10000) {
    nodes { date ${dimensions.join(' ')} ${figures} } totals { ${figures} } totalCount
    subtotals(by: $levels) { nodes { date ${dimensions.join(' ')} ${figures} } }
  }
}`;

type Shown = Readonly<Record<string, unknown>>;
const near = (shown: unknown, expected: number | null): boolean =>
  expected === null || typeof shown !== 'number'
    ? shown === expected
    : Math.abs(shown - expected) <= 1e-9 * Math.max(1, Math.abs(expected));

function expectFigures(shown: Shown, row: OracleRow, compared: boolean, about: string): void {
  const expectNear = (what: string, actual: unknown, expected: number | null): void => {
    // Not `expect`: of the millions of figures, only a wrong one needs words.
    if (!near(actual, expected)) throw new Error(`${about}: ${what} is ${actual}, not ${expected}`);
  };
  for (const name of measureNames) expectNear(name, shown[name], row.current[name] ?? null);
  for (const kind of ['previous', 'change', 'relativeChange'] as const) {
    const part = shown[kind] as Shown | null;
    if (!compared) expect(part).toBeNull();
    else
      for (const name of measureNames) expectNear(`${kind} ${name}`, part?.[name], row[kind][name] ?? null);
  }
}

function expectRows(
  shown: readonly Shown[],
  expected: readonly OracleRow[],
  by: readonly string[],
  compared: boolean,
  about: string,
): void {
  const rows = new Map(shown.map((row) => [JSON.stringify(by.map((name) => row[name] ?? null)), row]));
  expect([...rows.keys()].sort(), about).toEqual(expected.map(({ key }) => JSON.stringify(key)).sort());
  for (const row of expected) expectFigures(rows.get(JSON.stringify(row.key)) ?? {}, row, compared, about);
}

async function check(asked: OracleQuery): Promise<number> {
  const about = JSON.stringify(asked);
  const { groupBy, having, orderBy, limitBy, compareTo, where } = asked;
  const compared = compareTo !== undefined;
  const levels = groupBy.slice(0, 1).map((name) => [name]);
  const answer = await app.query(document, {
    range: { between: { from: asked.range[0], to: asked.range[1] } },
    groupBy: groupBy.map(enumName),
    granularity: asked.granularity,
    weekStart: asked.weekStart,
    where: where && toWhere(where),
    having: having && [
      { measure: enumName(having.measure), of: enumName(having.of), [having.operator]: having.value },
    ],
    orderBy: orderBy && [
      { measure: enumName(orderBy.measure), of: enumName(orderBy.of), direction: orderBy.direction },
    ],
    compareTo: compareTo && { between: { from: compareTo[0], to: compareTo[1] } },
    fill: asked.fill,
    limitBy: limitBy && {
      ...limitBy,
      dimension: enumName(limitBy.dimension),
      measure: enumName(limitBy.measure),
    },
    levels: levels.map((level) => level.map(enumName)),
  });
  expect(answer.errors, about).toBeUndefined();
  const { metrics } = answer.data as unknown as {
    metrics: { nodes: Shown[]; totals: Shown; totalCount: number; subtotals: { nodes: Shown[] }[] };
  };
  const expected = askOracle(facts, asked);
  expect(metrics.totalCount, about).toBe(expected.rows.length);
  expectRows(metrics.nodes, expected.rows, groupBy, compared, about);
  expectFigures(metrics.totals, expected.totals, compared, about);
  levels.forEach((level, index) => {
    expectRows(
      metrics.subtotals[index]?.nodes ?? [],
      subtotal(expected.groups, groupBy, level),
      level,
      compared,
      about,
    );
  });
  if (orderBy) {
    const values = metrics.nodes.map(
      (row) =>
        (orderBy.of === 'current' ? row : (row[orderBy.of] as Shown))[orderBy.measure] as number | null,
    );
    const sorted = [...values].sort((a, b) =>
      a === null ? 1 : b === null ? -1 : orderBy.direction === 'ASC' ? a - b : b - a,
    );
    expect(values, about).toEqual(sorted);
  }
  return expected.rows.length;
}

it('2,000 random queries that use everything give what is counted from the raw records', async () => {
  const queries = fc.sample(query, { seed: 11, numRuns: 2_000 });
  let rows = 0;
  for (let index = 0; index < queries.length; index += 4) {
    const counts = await Promise.all(queries.slice(index, index + 4).map(check));
    rows += counts.reduce((sum, count) => sum + count, 0);
  }
  expect(rows).toBeGreaterThan(5_000);
}, 300_000);
