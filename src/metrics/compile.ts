import { bind, empty, identifier, join, type Sql, sql } from '../clickhouse/sql.ts';
import { formatDay } from '../records/day.ts';
import { compileScan, dimensionAlias, nothingOf, type PeriodSum, periodSumAlias } from './compile-scan.ts';
import type { Plan as AnyPlan, Figure, Scan } from './plan.ts';
import type { FigureKind, Having, Order } from './query.ts';
import { type DimensionName, isMeasure, isSum, type MeasureName, ratios, snakeCase } from './registry.ts';

// Output names have prefixes: an alias that equals a column (`sum(clicks) AS clicks`) is ClickHouse error 184.
export const figurePrefixes: Readonly<Record<FigureKind, string>> = {
  current: 'm',
  previous: 'p',
  change: 'c',
  relativeChange: 'r',
};
type Plan = AnyPlan<Scan>;

const figureAlias = (measure: MeasureName, of: FigureKind): Sql =>
  identifier(`${figurePrefixes[of]}_${snakeCase(measure)}`);

/** A FROM clause with the expressions of its dimensions and sums. */
interface Relation {
  readonly from: Sql;
  readonly dimension: (name: DimensionName) => Sql;
  readonly sum: (part: PeriodSum) => Sql;
}

/**
 * Compiles a plan to SQL. Pure and deterministic: equal plans give identical text. Each side and each period is aggregated to
 * the requested grain separately; the results are united and grouped again, so rows never multiply.
 */
export function compile(plan: Plan): Sql {
  const source = relationOf(plan);
  if (plan.subtotalBy === undefined)
    return sql`${selectRows(plan, plan.groupBy, source, plan.totals)}${orderAndLimit(plan)}`;
  const columns = [
    ...plan.groupBy.map(dimensionAlias),
    ...periodSumsOf(plan).map((part) => sql`${figureAlias(part.sum, part.of)} AS ${periodSumAlias(part)}`),
  ];
  const rows = selectRows(plan, plan.groupBy, source, false);
  const again = regrouped(sql`(SELECT ${columnList(columns)} FROM (${rows}))`);
  return sql`${selectRows({ ...plan, having: [] }, plan.subtotalBy, again, plan.totals)}${orderAndLimit(plan)}`;
}

/** The sums of a plan's figures, of both periods. */
const periodSumsOf = (plan: Plan): PeriodSum[] =>
  plan.figures.flatMap(({ measure, of }) =>
    isSum(measure) && (of === 'current' || of === 'previous') ? [{ sum: measure, of }] : [],
  );

function relationOf(plan: Plan): Relation {
  const [only, ...others] = plan.scans;
  const parts = periodSumsOf(plan);
  if (others.length === 0 && plan.fill === undefined) {
    const scan = compileScan(only, plan);
    return {
      from: scan.from,
      dimension: (name) => sql`${scan.dimension(name)} AS ${dimensionAlias(name)}`,
      sum: scan.sum,
    };
  }
  const selects = plan.scans.map((each) => {
    const scan = compileScan(each, plan);
    const columns = [
      ...plan.groupBy.map((name) => sql`${scan.dimension(name)} AS ${dimensionAlias(name)}`),
      ...parts.map((part) => sql`${scan.sum(part)} AS ${periodSumAlias(part)}`),
    ];
    return sql`SELECT ${columnList(columns)} FROM ${scan.from}${groupBy(plan.groupBy)}`;
  });
  const united = sql`(${join(selects, ' UNION ALL ')})`;
  return regrouped(
    plan.fill === undefined ? united : withEmptyBuckets(united, plan, plan.fill.map(formatDay)),
  );
}

const regrouped = (from: Sql): Relation => ({
  from,
  dimension: dimensionAlias,
  sum: (part) => sql`sum(${periodSumAlias(part)})`,
});

/** Adds a row of zeros for every bucket of every series, in one pass: collects the rows of a series, appends the zeros and unfolds them. */
function withEmptyBuckets(from: Sql, plan: Plan, buckets: readonly string[]): Sql {
  const series = plan.groupBy.filter((name) => name !== 'date');
  const parts = periodSumsOf(plan);
  const row = columnList([dimensionAlias('date'), ...parts.map(periodSumAlias)]);
  const gap = columnList([sql`bucket`, ...parts.map((part) => nothingOf(part, plan, sql`bucket`))]);
  const spread = sql`arrayJoin(arrayConcat(groupArray(tuple(${row})), arrayMap(bucket -> tuple(${gap}), ${bind('Array(Date)', buckets)}))) AS cell`;
  const inner = sql`SELECT ${columnList([...series.map(dimensionAlias), spread])} FROM ${from}${groupBy(series)}`;
  const cells = ['date' as const, ...parts].map(
    (part, index) =>
      sql`tupleElement(cell, ${bind('UInt8', index + 1)}) AS ${part === 'date' ? dimensionAlias(part) : periodSumAlias(part)}`,
  );
  return sql`(SELECT ${columnList([...series.map(dimensionAlias), ...cells])} FROM (${inner}))`;
}

function selectRows(plan: Plan, by: readonly DimensionName[], source: Relation, totals: boolean): Sql {
  const columns = [
    ...by.map((name) => source.dimension(name)),
    ...plan.figures.map(
      (figure) => sql`${figureExpression(figure, source)} AS ${figureAlias(figure.measure, figure.of)}`,
    ),
  ];
  const having =
    plan.having.length === 0 ? empty : sql` HAVING ${join(plan.having.map(havingCondition), ' AND ')}`;
  return sql`SELECT ${columnList(columns)} FROM ${source.from}${groupBy(by)}${totals ? sql` WITH TOTALS` : empty}${having}`;
}

/** A SELECT list must not be empty: a query without measures and dimensions asks only for the row count. */
const columnList = (columns: readonly Sql[]): Sql =>
  columns.length === 0 ? sql`1 AS one` : join(columns, ', ');

const groupBy = (by: readonly DimensionName[]): Sql =>
  by.length === 0 ? empty : sql` GROUP BY ${join(by.map(dimensionAlias), ', ')}`;

function orderAndLimit(plan: Plan): Sql {
  const order = plan.orderBy.length === 0 ? empty : sql` ORDER BY ${join(plan.orderBy.map(orderTerm), ', ')}`;
  return sql`${order} LIMIT ${bind('UInt64', plan.page.limit)} OFFSET ${bind('UInt64', plan.page.offset)}`;
}

/** Float64: ClickHouse's Decimal division truncates (9/11 → 0.8181). Null, not infinity, on a zero denominator. */
function figureExpression({ measure, of }: Figure, source: Relation): Sql {
  switch (of) {
    case 'current':
    case 'previous': {
      if (isSum(measure)) return source.sum({ sum: measure, of });
      const ratio = ratios[measure];
      const quotient = sql`toFloat64(${figureAlias(ratio.numerator, of)}) / nullIf(toFloat64(${figureAlias(ratio.denominator, of)}), 0)`;
      return 'factor' in ratio ? sql`${bind('Float64', ratio.factor)} * ${quotient}` : quotient;
    }
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
