import { bind, empty, identifier, join, type Sql, sql } from '../clickhouse/sql.ts';
import { formatDay } from '../records/day.ts';
import { ownColumn, sourcesOf } from './canonical-columns.ts';
import { isDistinct } from './catalogue.ts';
import {
  compileScan,
  dimensionAlias,
  folded,
  isDoubt,
  isUnknown,
  measureColumn,
  nothingOf,
  type Part,
  partAlias,
  sourceAlias,
} from './compile-scan.ts';
import { isDoubtful } from './currency/money.ts';
import { areHashed, groupingOf } from './group-keys.ts';
import { catalogueOf } from './model.ts';
import { compileExpression } from './own/expression.ts';
import type { Plan as AnyPlan, Figure, Scan } from './plan.ts';
import type { FigureKind, Having, Order } from './query.ts';
import {
  type DimensionName,
  isMeasure,
  isOwnDimension,
  type MeasureName,
  type OwnDimension,
  type SumName,
} from './registry.ts';

// Output names have prefixes: an alias that equals a column (`sum(clicks) AS clicks`) is ClickHouse error 184.
export const figurePrefixes: Readonly<Record<FigureKind, string>> = {
  current: 'm',
  previous: 'p',
  change: 'c',
  relativeChange: 'r',
};
type Plan = AnyPlan<Scan>;

export const figureAlias = (measure: MeasureName, of: FigureKind): Sql =>
  identifier(`${figurePrefixes[of]}_${measureColumn(measure)}`);

/** A FROM clause with the expressions of its dimensions and sums. */
interface Relation {
  readonly from: Sql;
  readonly dimension: (name: DimensionName) => Sql;
  readonly part: (part: Part) => Sql;
}

/**
 * Compiles a plan to SQL. Pure and deterministic: equal plans give identical text. Each side and each period is aggregated to
 * the requested grain separately; the results are united and grouped again, so rows never multiply.
 */
export function compile(plan: Plan): Sql {
  const source = relationOf(plan);
  if (plan.subtotalBy === undefined)
    return sql`${selectRows(plan, plan.groupBy, source, plan.totals)}${orderAndLimit(plan)}`;
  const parts = partsOf(plan);
  const rows = selectRows(
    plan,
    plan.groupBy,
    source,
    false,
    parts.map((part) => sql`${source.part(part)} AS ${keptAlias(part)}`),
  );
  const columns = [
    ...plan.groupBy.map(dimensionAlias),
    ...parts.map((part) => sql`${keptAlias(part)} AS ${partAlias(part)}`),
  ];
  const again = regrouped(plan, sql`(SELECT ${columnList(columns)} FROM (${rows}))`);
  return sql`${selectRows({ ...plan, having: [] }, plan.subtotalBy, again, plan.totals)}${orderAndLimit(plan)}`;
}

/** The rows of a plan in no order, all of them, and the order that they are asked in. */
export function compileRows(plan: Plan): { readonly rows: Sql; readonly order: Sql } {
  return { rows: selectRows(plan, plan.groupBy, relationOf(plan), false), order: orderOf(plan) };
}

/** The name under which a row keeps a part, to be aggregated again. */
const keptAlias = (part: Part): Sql => sql`kept_${partAlias(part)}`;

/** What the figures of a plan are worked out of, of both periods: sums, and the doubts of those of money. */
function partsOf(plan: Plan): Part[] {
  const { isSum, isAmount } = catalogueOf(plan.model);
  const sums = plan.figures.flatMap(({ measure, of }) =>
    isSum(measure) && (of === 'current' || of === 'previous') ? [{ sum: measure, of }] : [],
  );
  const doubts = sums.flatMap(({ sum, of }) => (isAmount(sum) ? [{ doubt: sum, of }] : []));
  return [...sums, ...doubts];
}

function relationOf(plan: Plan): Relation {
  const [only, ...others] = plan.scans;
  const parts = partsOf(plan);
  const own = plan.groupBy.filter(isOwnDimension);
  const stored = plan.groupBy.filter(
    (name): name is Exclude<DimensionName, OwnDimension> => !isOwnDimension(name),
  );
  const isPlain = plan.fill === undefined && own.length === 0 && plan.conversion === undefined;
  if (others.length === 0 && isPlain && !areHashed(only, stored)) {
    const scan = compileScan(only, plan, 0);
    return {
      from: scan.from,
      dimension: (name) => sql`${scan.dimension(name)} AS ${dimensionAlias(name)}`,
      part: scan.part,
    };
  }
  const sources = [...new Set(own.flatMap((name) => sourcesOf(name, plan.model)))];
  const selects = plan.scans.map((each, place) => {
    const scan = compileScan(each, plan, place);
    const { columns, keys } = groupingOf(each, [
      ...stored.map((name) => ({
        name,
        value: scan.dimension(name),
        alias: dimensionAlias(name),
        column: scan.column(name),
      })),
      ...sources.map((name) => ({
        name,
        value: scan.source(name),
        alias: sourceAlias(name),
        column: scan.column(name),
      })),
    ]);
    const sums = parts.map((part) => sql`${scan.part(part)} AS ${partAlias(part)}`);
    return sql`${scan.with}SELECT ${columnList([...columns, ...sums])} FROM ${scan.from}${groupBy(keys)}`;
  });
  const united = withOwnDimensions(sql`(${join(selects, ' UNION ALL ')})`, plan, stored, own);
  return regrouped(
    plan,
    plan.fill === undefined ? united : withEmptyBuckets(united, plan, plan.fill.map(formatDay)),
  );
}

const regrouped = ({ model }: Plan, from: Sql): Relation => ({
  from,
  dimension: dimensionAlias,
  part(part) {
    if (isDoubt(part)) return sql`groupBitOr(${partAlias(part)})`;
    return isDistinct(catalogueOf(model).sum(part.sum))
      ? sql`uniqExactMergeState(${partAlias(part)})`
      : sql`sum(${partAlias(part)})`;
  },
});

/** Own dimensions are worked out of the values of groups: rows of one group have one. */
function withOwnDimensions(
  from: Sql,
  plan: Plan,
  stored: readonly DimensionName[],
  own: readonly OwnDimension[],
): Sql {
  if (own.length === 0) return from;
  const columns = [
    ...stored.map(dimensionAlias),
    ...own.map(
      (name) =>
        sql`${folded(ownColumn(name, sourceAlias, plan.model), name, plan)} AS ${dimensionAlias(name)}`,
    ),
    ...partsOf(plan).map(partAlias),
  ];
  return sql`(SELECT ${columnList(columns)} FROM ${from})`;
}

/** Adds a row of zeros for every bucket of every series, in one pass: collects the rows of a series, appends the zeros and unfolds them. */
function withEmptyBuckets(from: Sql, plan: Plan, buckets: readonly string[]): Sql {
  const series = plan.groupBy.filter((name) => name !== 'date');
  const parts = partsOf(plan);
  const row = columnList([dimensionAlias('date'), ...parts.map(partAlias)]);
  const gap = columnList([sql`bucket`, ...parts.map((part) => nothingOf(part, plan, sql`bucket`))]);
  const spread = sql`arrayJoin(arrayConcat(groupArray(tuple(${row})), arrayMap(bucket -> tuple(${gap}), ${bind('Array(Date)', buckets)}))) AS cell`;
  const inner = sql`SELECT ${columnList([...series.map(dimensionAlias), spread])} FROM ${from}${groupBy(series.map(dimensionAlias))}`;
  const cells = ['date' as const, ...parts].map(
    (part, index) =>
      sql`tupleElement(cell, ${bind('UInt8', index + 1)}) AS ${part === 'date' ? dimensionAlias(part) : partAlias(part)}`,
  );
  return sql`(SELECT ${columnList([...series.map(dimensionAlias), ...cells])} FROM (${inner}))`;
}

function selectRows(
  plan: Plan,
  by: readonly DimensionName[],
  source: Relation,
  totals: boolean,
  kept: readonly Sql[] = [],
): Sql {
  const columns = [
    ...by.map((name) => source.dimension(name)),
    ...plan.figures.map(
      (figure) => sql`${figureExpression(figure, source, plan)} AS ${figureAlias(figure.measure, figure.of)}`,
    ),
    ...kept,
  ];
  const having =
    plan.having.length === 0 ? empty : sql` HAVING ${join(plan.having.map(havingCondition), ' AND ')}`;
  return sql`SELECT ${columnList(columns)} FROM ${source.from}${groupBy(by.map(dimensionAlias))}${totals ? sql` WITH TOTALS` : empty}${having}`;
}

/** A SELECT list must not be empty: a query without measures and dimensions asks only for the row count. */
const columnList = (columns: readonly Sql[]): Sql =>
  columns.length === 0 ? sql`1 AS one` : join(columns, ', ');

const groupBy = (keys: readonly Sql[]): Sql =>
  keys.length === 0 ? empty : sql` GROUP BY ${join(keys, ', ')}`;

const orderOf = ({ orderBy }: Plan): Sql =>
  orderBy.length === 0 ? empty : sql` ORDER BY ${join(orderBy.map(orderTerm), ', ')}`;

function orderAndLimit(plan: Plan): Sql {
  return sql`${orderOf(plan)} LIMIT ${bind('UInt64', plan.page.limit)} OFFSET ${bind('UInt64', plan.page.offset)}`;
}

/** Null where it would be of two currencies, or of money whose rate is not known. */
function figureExpression(figure: Figure, source: Relation, plan: Plan): Sql {
  const value = figureValue(figure, source, plan);
  const parts = plan.conversion === undefined ? doubtsOf(figure, plan) : ownDoubtOf(figure, plan);
  const [first, ...others] = parts.map((part) => source.part(part));
  if (first === undefined) return value;
  const doubt = others.reduce((all, other) => sql`bitOr(${all}, ${other})`, first);
  return sql`if(${isDoubtful(doubt)}, NULL, ${value})`;
}

/** The doubt of a sum; other figures are null where an operand is. */
const ownDoubtOf = ({ measure, of }: Figure, { model }: Plan): Part[] =>
  catalogueOf(model).isAmount(measure) && (of === 'current' || of === 'previous')
    ? [{ doubt: measure, of }]
    : [];

/** Stored money that is divided by money, or taken from money, must be of one currency with it. */
function doubtsOf({ measure, of }: Figure, { model }: Plan): Part[] {
  const { isSum, isAmount, sumsOf, describe } = catalogueOf(model);
  const amounts = sumsOf(measure).filter(isAmount);
  const doubts = (names: readonly SumName[], period: Part['of']): Part[] =>
    names.map((doubt) => ({ doubt, of: period }));
  if (of === 'current' || of === 'previous')
    return isSum(measure) || amounts.length > 1 ? doubts(amounts, of) : [];
  // A ratio of money is the same in each currency; clicks for each unit of money are not.
  return describe(measure).unit === 'ratio'
    ? []
    : [...doubts(amounts, 'current'), ...doubts(amounts, 'previous')];
}

function figureValue({ measure, of }: Figure, source: Relation, plan: Plan): Sql {
  const { isSum, expressionOf } = catalogueOf(plan.model);
  switch (of) {
    case 'current':
    case 'previous':
      if (isSum(measure)) return sumValue(measure, of, source, plan);
      return compileExpression(expressionOf(measure), (name) => figureAlias(name, of));
    case 'change':
      return sql`${figureAlias(measure, 'current')} - ${figureAlias(measure, 'previous')}`;
    case 'relativeChange': {
      const previous = sql`toFloat64(${figureAlias(measure, 'previous')})`;
      return sql`(toFloat64(${figureAlias(measure, 'current')}) - ${previous}) / nullIf(${previous}, 0)`;
    }
    default:
      return of satisfies never;
  }
}

function sumValue(name: SumName, of: Part['of'], source: Relation, { model, unknownBefore }: Plan): Sql {
  const part = source.part({ sum: name, of });
  if (!isDistinct(catalogueOf(model).sum(name))) return part;
  const count = sql`finalizeAggregation(${part})`;
  if (of === 'current' || unknownBefore === undefined) return count;
  return sql`if(${isUnknown(unknownBefore, dimensionAlias('date'))}, NULL, ${count})`;
}

const comparisons: Readonly<Record<Having['operator'], Sql>> = {
  gt: sql`>`,
  gte: sql`>=`,
  lt: sql`<`,
  lte: sql`<=`,
  eq: sql`=`,
};

function havingCondition({ measure, of, operator, value }: Having): Sql {
  return sql`toFloat64(${figureAlias(measure, of)}) ${comparisons[operator]} ${bind('Float64', value)}`;
}

/** Rows without a value come last in either direction. */
function orderTerm(order: Order): Sql {
  const direction = order.direction === 'asc' ? sql`ASC` : sql`DESC`;
  if (isMeasure(order.by)) return sql`${figureAlias(order.by, order.of)} ${direction} NULLS LAST`;
  const alias = dimensionAlias(order.by);
  return order.by === 'date' ? sql`${alias} ${direction}` : sql`${alias} = '' ASC, ${alias} ${direction}`;
}
