import fc from 'fast-check';
import type { Fact } from './oracle.ts';
import { measureNames, type OracleFilter, type OracleQuery } from './oracle-query.ts';

const named = [
  'channel',
  'campaignId',
  'adGroupId',
  'utmCampaign',
  'utmSource',
  'utmMedium',
  'utmTerm',
  'match',
] as const;
/** As the oracle calls them; the names behind the mark are the program's. */
const breakdownMark = 'breakdown_';
const breakdowns = ['breakdown_country', 'breakdown_device'] as const;
const dimensions = [...named, ...breakdowns] as const;
const isBreakdown = (name: string): boolean => name.startsWith(breakdownMark);
const ownName = (name: string): string => name.slice(breakdownMark.length);
/** A dimension where `dimension` or `breakdown` can stand. */
const toPlace = (name: string): Record<string, unknown> =>
  isBreakdown(name) ? { breakdown: ownName(name) } : { dimension: enumName(name) };
const enumName = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

/**
 * Random questions that use everything `metrics` takes, about what is in `facts`.
 *
 * @param days all days of the facts, in order: 90 or more
 */
export function oracleQueries(days: readonly string[], facts: readonly Fact[]): fc.Arbitrary<OracleQuery> {
  const valuesOf = (name: string): string[] => [
    ...new Set(facts.map((fact) => fact.dimensions[name]).filter((value) => typeof value === 'string')),
  ];
  const condition: fc.Arbitrary<OracleFilter> = fc.constantFrom(...dimensions).chain((dimension) => {
    const some = fc.constantFrom(...valuesOf(dimension));
    // Null stands for records without a value; a blank text for nothing.
    const value = fc.oneof({ weight: 8, arbitrary: some }, fc.constantFrom(null, '', ' '));
    const piece = fc.oneof({ weight: 8, arbitrary: some.map((text) => text.slice(0, 2)) }, fc.constant(''));
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
  return fc
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
}

const toWhere = (part: OracleFilter): Record<string, unknown> => {
  if ('and' in part) return { and: part.and.map(toWhere) };
  if ('or' in part) return { or: part.or.map(toWhere) };
  if ('not' in part) return { not: toWhere(part.not) };
  const condition = { [part.operator]: part.value };
  return isBreakdown(part.dimension)
    ? { breakdowns: [{ name: ownName(part.dimension), ...condition }] }
    : { [part.dimension]: condition };
};
const all = measureNames.join(' ');
const columns = [...named, ...breakdowns.map((name) => `${name}: breakdown(name: "${ownName(name)}")`)].join(
  ' ',
);
const figures = `${all} previous { ${all} } change { ${all} } relativeChange { ${all} }`;
const documentOf = (
  options: string,
  more: string,
): string => `query ($range: DateRangeInput!, $groupBy: [Dimension!], $granularity: Granularity, $weekStart: Weekday, $where: MetricsWhere,
    $having: [HavingInput!], $orderBy: [OrderByInput!], $compareTo: CompareToInput, $fill: Boolean, $limitBy: LimitByInput, $levels: [[Dimension!]!]!,
    $currency: String, $crmDate: CrmDate, $breakdowns: [String!], $breakdownLevels: [[String!]!]) {
  metrics(dateRange: $range, groupBy: $groupBy, breakdowns: $breakdowns, granularity: $granularity, weekStart: $weekStart, where: $where, having: $having,
      orderBy: $orderBy, compareTo: $compareTo, fill: $fill, limitBy: $limitBy, currency: $currency, crmDate: $crmDate, first: 10000${options}) {
    nodes { date ${columns} ${figures} } totals { ${figures} } totalCount ${more}
    subtotals(by: $levels, breakdowns: $breakdownLevels) { nodes { date ${columns} ${figures} } }
  }
}`;

/**
 * The question in GraphQL.
 *
 * @param options further arguments of `metrics`, each after a comma
 * @param more further fields of its answer
 */
export function toGraphql(
  asked: OracleQuery,
  options = '',
  more = '',
): { document: string; variables: Record<string, unknown> } {
  const { having, orderBy, limitBy, compareTo, where } = asked;
  const variables = {
    range: { between: { from: asked.range[0], to: asked.range[1] } },
    groupBy: asked.groupBy.filter((name) => !isBreakdown(name)).map(enumName),
    breakdowns: asked.groupBy.filter(isBreakdown).map(ownName),
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
    currency: asked.currency,
    crmDate: asked.crmDate,
    limitBy: limitBy && {
      n: limitBy.n,
      others: limitBy.others,
      ...toPlace(limitBy.dimension),
      measure: enumName(limitBy.measure),
    },
    levels: levelsOf(asked).map((level) => level.filter((name) => !isBreakdown(name)).map(enumName)),
    breakdownLevels: levelsOf(asked).map((level) => level.filter(isBreakdown).map(ownName)),
  };
  return { document: documentOf(options, more), variables };
}

/** The subtotals that are asked for. */
export const levelsOf = ({ groupBy }: OracleQuery): string[][] => groupBy.slice(0, 1).map((name) => [name]);
