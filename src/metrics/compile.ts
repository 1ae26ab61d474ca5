import { bind, empty, identifier, join, type Sql, sql } from '../clickhouse/sql.ts';
import { formatDay } from '../records/day.ts';
import { compileFilter } from './compile-filter.ts';
import type { Plan, Scan } from './plan.ts';
import type { Having, Order } from './query.ts';
import {
  columnName,
  type DimensionName,
  type Granularity,
  isMeasure,
  labels,
  type MeasureName,
  type RatioName,
  ratios,
  type Side,
  type SumName,
  sums,
  type Weekday,
  weekdays,
} from './registry.ts';

const tables: Readonly<Record<Side, Sql>> = { ads: sql`ad_performance`, crm: sql`opportunities` };

// Output names have prefixes: an alias that equals a column (`sum(clicks) AS clicks`) is ClickHouse error 184.
export const dimensionAlias = (name: DimensionName): Sql => identifier(`d_${columnName(name)}`);
export const measureAlias = (name: MeasureName): Sql => identifier(`m_${columnName(name)}`);

/**
 * Plan → SQL. Pure and deterministic: the same plan gives the same text, to the letter. Each side is aggregated to the
 * asked grain by itself; two sides are united and regrouped, so rows never multiply.
 */
export function compile(plan: Plan): Sql {
  const [first, ...others] = plan.scans;
  const from = others.length === 0 ? scanSource(first, plan) : unionSource(plan);
  const united = others.length > 0;
  const columns = [
    ...plan.groupBy.map((name) =>
      united
        ? dimensionAlias(name)
        : sql`${dimensionColumn(name, first.side, plan)} AS ${dimensionAlias(name)}`,
    ),
    ...plan.sums.map((name) =>
      united
        ? sql`sum(${partAlias(name)}) AS ${measureAlias(name)}`
        : sql`${sums[name].aggregate} AS ${measureAlias(name)}`,
    ),
    ...plan.ratios.map((name) => sql`${ratioExpression(name)} AS ${measureAlias(name)}`),
  ];
  const group =
    plan.groupBy.length === 0
      ? empty
      : sql` GROUP BY ${join(plan.groupBy.map(dimensionAlias), ', ')}${plan.totals ? sql` WITH TOTALS` : empty}`;
  const having =
    plan.having.length === 0 ? empty : sql` HAVING ${join(plan.having.map(havingCondition), ' AND ')}`;
  const order = plan.orderBy.length === 0 ? empty : sql` ORDER BY ${join(plan.orderBy.map(orderTerm), ', ')}`;
  // A list of columns cannot be empty; a query of no measures and no dimensions counts its groups only.
  const list = columns.length === 0 ? sql`1 AS one` : join(columns, ', ');
  return sql`SELECT ${list} FROM ${from}${group}${having}${order} LIMIT ${bind('UInt64', plan.page.limit)} OFFSET ${bind('UInt64', plan.page.offset)}`;
}

/** The part of a united query's inner columns. */
const partAlias = (name: SumName): Sql => identifier(`s_${columnName(name)}`);

/** One table with the conditions that every read of it carries: workspace, days, filter. */
function scanSource(scan: Scan, plan: Plan): Sql {
  const filter = plan.where === undefined ? empty : sql` AND ${compileFilter(plan.where, scan.side)}`;
  return sql`${tables[scan.side]} FINAL WHERE workspace = ${bind('String', plan.workspace)} AND date BETWEEN ${bind('Date', formatDay(scan.range.from))} AND ${bind('Date', formatDay(scan.range.to))}${filter}`;
}

function unionSource(plan: Plan): Sql {
  const selects = plan.scans.map((scan) => {
    const own = new Set<SumName>(scan.sums);
    const columns = [
      ...plan.groupBy.map(
        (name) => sql`${dimensionColumn(name, scan.side, plan)} AS ${dimensionAlias(name)}`,
      ),
      ...plan.sums.map(
        (name) => sql`${own.has(name) ? sums[name].aggregate : zero(name)} AS ${partAlias(name)}`,
      ),
    ];
    const group =
      plan.groupBy.length === 0 ? empty : sql` GROUP BY ${join(plan.groupBy.map(dimensionAlias), ', ')}`;
    return sql`SELECT ${join(columns, ', ')} FROM ${scanSource(scan, plan)}${group}`;
  });
  return sql`(${join(selects, ' UNION ALL ')})`;
}

const zero = (name: SumName): Sql =>
  sums[name].unit === 'money' ? sql`toDecimal128(0, 6)` : sql`toUInt64(0)`;

function dimensionColumn(name: DimensionName, side: Side, plan: Plan): Sql {
  if (name === 'date') return bucket(plan.granularity, plan.weekStart);
  return labels[name].columns[side] ?? sql`''`;
}

/** The first day of the bucket that a row's day falls in. */
function bucket(granularity: Granularity, weekStart: Weekday): Sql {
  switch (granularity) {
    case 'day':
      return sql`date`;
    case 'week':
      // toDayOfWeek is 1 on Mondays.
      return sql`toDate(date - (toDayOfWeek(date) + ${bind('UInt8', 6 - weekdays.indexOf(weekStart))}) % 7)`;
    case 'month':
      return sql`toStartOfMonth(date)`;
    case 'quarter':
      return sql`toStartOfQuarter(date)`;
    case 'year':
      return sql`toStartOfYear(date)`;
    default:
      return granularity satisfies never;
  }
}

/** Float64: ClickHouse's Decimal division truncates (9/11 → 0.8181). Null, not infinity, on a zero denominator. */
function ratioExpression(name: RatioName): Sql {
  const ratio = ratios[name];
  const quotient = sql`toFloat64(${measureAlias(ratio.numerator)}) / nullIf(toFloat64(${measureAlias(ratio.denominator)}), 0)`;
  return 'factor' in ratio ? sql`${bind('Float64', ratio.factor)} * ${quotient}` : quotient;
}

const comparisons: Readonly<Record<Having['operator'], Sql>> = {
  gt: sql`>`,
  gte: sql`>=`,
  lt: sql`<`,
  lte: sql`<=`,
  eq: sql`=`,
};

function havingCondition(having: Having): Sql {
  return sql`toFloat64(${measureAlias(having.measure)}) ${comparisons[having.operator]} ${bind('Float64', having.value)}`;
}

/** Rows without a value come last in either direction. */
function orderTerm(order: Order): Sql {
  const direction = order.direction === 'asc' ? sql`ASC` : sql`DESC`;
  if (isMeasure(order.by)) return sql`${measureAlias(order.by)} ${direction} NULLS LAST`;
  const alias = dimensionAlias(order.by);
  return order.by === 'date' ? sql`${alias} ${direction}` : sql`${alias} = '' ASC, ${alias} ${direction}`;
}
