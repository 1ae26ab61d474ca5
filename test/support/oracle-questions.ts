import fc from 'fast-check';
import type { Fact } from './oracle.ts';
import { measureNamesOf, type OracleFilter, type OracleQuery } from './oracle-query.ts';
import type { OracleWords } from './oracle-words.ts';

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
const isBreakdown = (name: string): boolean => name.startsWith(breakdownMark);
const ownName = (name: string): string => name.slice(breakdownMark.length);
/** A dimension where `dimension` or `breakdown` can stand. */
const toPlace = (name: string): Record<string, unknown> =>
  isBreakdown(name) ? { breakdown: ownName(name) } : { dimension: enumName(name) };
const enumName = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

/** The dimensions that questions are about: with a team's own words, its own, too. */
const dimensionsOf = (words: OracleWords | undefined): readonly string[] => [
  ...named,
  ...breakdowns,
  ...(words === undefined ? [] : ['currency', ...Object.keys(words.dimensions)]),
];

/**
 * Random questions that use everything `metrics` takes, about what is in `facts`.
 *
 * @param days all days of the facts, in order: 90 or more
 * @param words the team's own; the facts are told in them. Questions show some measures then, since these decide which rows
 *   there are
 */
export function oracleQueries(
  days: readonly string[],
  facts: readonly Fact[],
  words?: OracleWords,
): fc.Arbitrary<OracleQuery> {
  const dimensions = dimensionsOf(words);
  const measures = measureNamesOf(words);
  const valuesOf = (name: string): string[] => [
    ...new Set(facts.map((fact) => fact.dimensions[name]).filter((value) => typeof value === 'string')),
    ...Object.keys(words?.alike[name] ?? {}),
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
    measure: fc.constantFrom(...measures),
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
          measure: fc.constantFrom(...(words === undefined ? ['cost', 'clicks', 'leads'] : measures)),
          others: fc.boolean(),
          keepNull: fc.boolean(),
        }),
        { nil: undefined, freq: 2 },
      ),
      shown:
        words === undefined
          ? fc.constant(undefined)
          : fc.option(fc.uniqueArray(fc.constantFrom(...measures), { minLength: 1, maxLength: 8 }), {
              nil: undefined,
              freq: 15,
            }),
      ordersByDimension: words === undefined ? fc.constant(false) : fc.boolean(),
      useRollups: words === undefined ? fc.constant(true) : fc.boolean(),
    })
    .map((given): OracleQuery => {
      const {
        first,
        length,
        back,
        having,
        orderBy,
        fill,
        limitBy,
        groupBy,
        shown,
        ordersByDimension,
        ...rest
      } = given;
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
        orderBy:
          orderBy &&
          (ordersByDimension && fold !== undefined
            ? { dimension: fold, direction: orderBy[1] }
            : { measure: orderBy[0].measure, of: of(orderBy[0].of), direction: orderBy[1] }),
        measures: shown && orderBy ? [...new Set([...shown, orderBy[0].measure])] : shown,
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
const columnOf = (name: string): string =>
  isBreakdown(name) ? `${name}: breakdown(name: "${ownName(name)}")` : name;
const figuresOf = (names: readonly string[]): string => {
  const all = names.join(' ');
  return `${all} previous { ${all} } change { ${all} } relativeChange { ${all} }`;
};
const documentOf = (
  columns: string,
  figures: string,
  options: string,
  more: string,
): string => `query ($range: DateRangeInput!, $groupBy: [Dimension!], $granularity: Granularity, $weekStart: Weekday, $where: MetricsWhere,
    $having: [HavingInput!], $orderBy: [OrderByInput!], $compareTo: CompareToInput, $fill: Boolean, $limitBy: LimitByInput, $levels: [[Dimension!]!]!,
    $currency: String, $crmDate: CrmDate, $useRollups: Boolean, $breakdowns: [String!], $breakdownLevels: [[String!]!]) {
  metrics(dateRange: $range, groupBy: $groupBy, breakdowns: $breakdowns, granularity: $granularity, weekStart: $weekStart, where: $where, having: $having,
      orderBy: $orderBy, compareTo: $compareTo, fill: $fill, limitBy: $limitBy, currency: $currency, crmDate: $crmDate, useRollups: $useRollups, first: 10000${options}) {
    nodes { date isOther ${columns} ${figures} } totals { ${figures} } totalCount ${more}
    subtotals(by: $levels, breakdowns: $breakdownLevels) { nodes { date ${columns} ${figures} } }
  }
}`;

/**
 * The question in GraphQL.
 *
 * @param options further arguments of `metrics`, each after a comma
 * @param more further fields of its answer
 * @param words the team's own that it can be about
 */
export function toGraphql(
  asked: OracleQuery,
  options = '',
  more = '',
  words?: OracleWords,
): { document: string; variables: Record<string, unknown> } {
  const { having, orderBy, limitBy, compareTo, where } = asked;
  const isPrevious = compareTo !== undefined && compareTo[1] === dayBefore(asked.range[0]);
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
      'dimension' in orderBy
        ? { ...toPlace(orderBy.dimension), direction: orderBy.direction }
        : { measure: enumName(orderBy.measure), of: enumName(orderBy.of), direction: orderBy.direction },
    ],
    compareTo:
      compareTo &&
      (isPrevious ? { previousPeriod: true } : { between: { from: compareTo[0], to: compareTo[1] } }),
    useRollups: asked.useRollups,
    fill: asked.fill,
    currency: asked.currency,
    crmDate: asked.crmDate,
    limitBy: limitBy && {
      n: limitBy.n,
      others: limitBy.others,
      keepNull: limitBy.keepNull,
      ...toPlace(limitBy.dimension),
      measure: enumName(limitBy.measure),
    },
    levels: levelsOf(asked).map((level) => level.filter((name) => !isBreakdown(name)).map(enumName)),
    breakdownLevels: levelsOf(asked).map((level) => level.filter(isBreakdown).map(ownName)),
  };
  const columns = dimensionsOf(words).map(columnOf).join(' ');
  const figures = figuresOf(asked.measures ?? measureNamesOf(words));
  return { document: documentOf(columns, figures, options, more), variables };
}

const dayBefore = (day: string): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);

/** The subtotals that are asked for: by the first dimension, and by the others. */
export const levelsOf = ({ groupBy }: OracleQuery): string[][] =>
  [groupBy.slice(0, 1), groupBy.slice(1)].filter((level) => level.length > 0);
