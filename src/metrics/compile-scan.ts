import { bind, empty, identifier, type Parameter, type Sql, sql } from '../clickhouse/sql.ts';
import { ValueList } from '../clickhouse/value-list.ts';
import { type Day, formatDay } from '../records/day.ts';
import { canonicalColumns } from './canonical-columns.ts';
import { compileFilter } from './compile-filter.ts';
import { type MoneyColumn, moneyAggregates, noDoubt } from './currency/money.ts';
import { visibleRows } from './data-scope.ts';
import type { Plan, RollupScan, Scan, TableScan } from './plan.ts';
import { type DayRange, type FigureKind, otherValue } from './query.ts';
import {
  type AmountName,
  breakdownOf,
  type ColumnOf,
  columnOfSide,
  type DimensionName,
  isAmount,
  isBreakdown,
  type SumName,
  snakeCase,
  sums,
  tableOf,
  weekdays,
} from './registry.ts';
import { dimensionColumn } from './rollups/columns.ts';

type Period = Extract<FigureKind, 'current' | 'previous'>;

/** A sum over the range (`current`) or over the range it is compared to (`previous`). */
interface PeriodSum {
  readonly sum: SumName;
  readonly of: Period;
}

/** What makes a sum of money doubtful: see `isDoubtful`. */
export interface PeriodDoubt {
  readonly doubt: AmountName;
  readonly of: Period;
}

/** What rows are aggregated to. */
export type Part = PeriodSum | PeriodDoubt;

export const isDoubt = (part: Part): part is PeriodDoubt => 'doubt' in part;

export const dimensionPrefixes = { named: 'd_', breakdown: 'b_' } as const;
export const dimensionAlias = (name: DimensionName): Sql =>
  identifier(
    isBreakdown(name)
      ? `${dimensionPrefixes.breakdown}${breakdownOf(name)}`
      : `${dimensionPrefixes.named}${snakeCase(name)}`,
  );
const partPrefixes = {
  sum: { current: 's', previous: 't' },
  doubt: { current: 'k', previous: 'l' },
} as const;
export const partAlias = (part: Part): Sql =>
  isDoubt(part)
    ? identifier(`${partPrefixes.doubt[part.of]}_${snakeCase(part.doubt)}`)
    : identifier(`${partPrefixes.sum[part.of]}_${snakeCase(part.sum)}`);

/** What is selected from: its rows, and where they have dimensions and sums. */
interface ScannedRows {
  readonly from: Sql;
  readonly columnOf: ColumnOf;
  readonly countOf: (sum: Exclude<SumName, AmountName>) => Sql;
  readonly moneyOf: (sum: AmountName) => MoneyColumn;
}

/** Compiles the read of a table or rollup. Every read is made here, so every read carries the caller's workspace and policy. */
export function compileScan(
  scan: Scan,
  plan: Plan<Scan>,
): { from: Sql; dimension: (name: DimensionName) => Sql; part: (part: Part) => Sql } {
  const rows = 'rollup' in scan ? rollupRows(scan, plan) : tableRows(scan, plan);
  const { from, columnOf: stored, countOf, moneyOf } = rows;
  const columnOf = canonicalColumns(stored, plan.model);
  const rate = rateFor(scan, plan);
  const aggregateOf = (part: Part): Sql => {
    if (isDoubt(part)) return moneyAggregates(moneyOf(part.doubt), rate).doubt;
    return isAmount(part.sum) ? moneyAggregates(moneyOf(part.sum), rate).sum : countOf(part.sum);
  };
  const filter =
    plan.where === undefined ? empty : sql` AND ${compileFilter(plan.where, stored, plan.model)}`;
  const { fold } = plan;
  const leftOut =
    fold && !fold.others ? sql` AND ${columnOf(fold.dimension)} IN (${keptValues(fold.values)})` : empty;
  return {
    from: sql`${from}${filter}${leftOut}`,
    dimension(name) {
      if (name === 'date') return bucket(plan, scan);
      if (fold?.others !== true || fold.dimension !== name) return columnOf(name);
      return foldedColumn(columnOf(name), fold.values);
    },
    part(part) {
      const isOfPeriod = (part.of === 'previous') === (scan.shift !== undefined);
      const isRead = isOfPeriod && scan.sums.includes(isDoubt(part) ? part.doubt : part.sum);
      return isRead ? aggregateOf(part) : nothingOf(part, plan, dimensionAlias('date'));
    },
  };
}

const between = (day: Sql, { from, to }: DayRange): Sql =>
  sql`${day} BETWEEN ${bind('Date', formatDay(from))} AND ${bind('Date', formatDay(to))}`;
/** Stands after `date IN`. */
export const oneOf = (days: readonly Day[]): Sql => sql`(${bind('Array(Date)', days.map(formatDay))})`;

/** A record is worth what it was on the day that it is stored on, whichever day it counts on. */
function rateFor(scan: Scan, { conversion }: Plan<Scan>): Sql | undefined {
  return isByClosing(scan) ? conversion?.rateOfAnyDay() : conversion?.rateIn(scan.range.from, scan.range.to);
}

const isByClosing = (scan: Scan): boolean => 'side' in scan && scan.isByClosing;

/** The day that a record counts on. Without a day of closing, that of its creation. */
const dayOf = (scan: Scan): Sql =>
  isByClosing(scan) ? sql`if(closed_day = toDate(0), date, closed_day)` : sql`date`;

function tableRows(scan: TableScan, plan: Plan<Scan>): ScannedRows {
  const { side, range, days } = scan;
  const only = days === undefined ? empty : sql` AND date IN ${oneOf(days)}`;
  const won = scan.isByClosing ? sql` AND stage = 'closed_won'` : empty;
  return {
    from: sql`${tableOf[side]} FINAL WHERE ${visibleRows(side, plan)} AND ${between(dayOf(scan), range)}${only}${won}`,
    columnOf: columnOfSide(side),
    countOf: (sum) => sums[sum].aggregate,
    moneyOf: (sum) => sums[sum].money,
  };
}

function rollupRows({ rollup, period, sides, range, built }: RollupScan, plan: Plan<Scan>): ScannedRows {
  const columnOf: ColumnOf = (name) => dimensionColumn(rollup, name);
  const ofSides =
    sides.length > 1 ? empty : sides[0] === 'ads' ? sql` AND ads_rows > 0` : sql` AND leads > 0`;
  return {
    from: sql`rollup_sums WHERE ${visibleRows(columnOf, plan)} AND rollup = ${bind('String', rollup.name)} AND period = ${bind('String', period)} AND ${between(sql`date`, range)} AND ${isBuilt(built)}${ofSides}`,
    columnOf,
    countOf: (sum) => sql`sum(${identifier(snakeCase(sum))})`,
    moneyOf: (sum) => ({ amount: identifier(snakeCase(sum)) }),
  };
}

/** Numbers beyond 2^53 go as texts. */
export const isBuilt = (numbers: readonly string[]): Sql =>
  sql`built IN (SELECT arrayJoin(arrayMap(number -> toUInt64(number), ${bind('Array(String)', new ValueList(numbers))})))`;

/** Prefix of values that keep rows of their own: one of them may equal `otherValue`. `unfoldedValue` removes it. */
const keptPrefix = '=';

/** Parameters by list: the tables and periods of a query share one list, which is sent once. */
const keptParameters = new WeakMap<readonly string[], Parameter>();

function keptValues(values: readonly string[]): Parameter {
  const parameter = keptParameters.get(values) ?? bind('Array(String)', new ValueList(values));
  keptParameters.set(values, parameter);
  return parameter;
}

const foldedColumn = (column: Sql, values: readonly string[]): Sql =>
  sql`multiIf(${column} NOT IN (${keptValues(values)}), ${bind('String', otherValue)}, ${column} = '', '', concat(${bind('String', keptPrefix)}, ${column}))`;

/** Returns the stored value of a folded dimension, or undefined for the row of all other values. */
export const unfoldedValue = (value: string): string | undefined =>
  value === otherValue ? undefined : value.slice(keptPrefix.length);

export const zeroOf = (name: SumName): Sql =>
  sums[name].unit === 'count' ? sql`toUInt64(0)` : sql`toDecimal128(0, 6)`;

/**
 * What a row has of a sum that its scan does not read: zero, or null where the bucket has nothing to be compared to.
 *
 * @param date the bucket
 */
export function nothingOf(part: Part, { unknownBefore }: Plan<Scan>, date: Sql): Sql {
  if (isDoubt(part)) return noDoubt;
  const zero = zeroOf(part.sum);
  if (part.of === 'current' || unknownBefore === undefined) return zero;
  const isUnknown =
    unknownBefore === 'all' ? sql`true` : sql`${date} < ${bind('Date', formatDay(unknownBefore))}`;
  return sql`if(${isUnknown}, NULL, ${zero})`;
}

/** The first day of a row's bucket. Days of a comparison are shifted into the range first. */
function bucket({ granularity, weekStart, dateOf }: Plan<Scan>, scan: Scan): Sql {
  const day = shiftedDay(dateOf === 'record' ? sql`date` : dayOf(scan), scan.shift);
  switch (granularity) {
    case 'day':
      return day;
    case 'week':
      // toDayOfWeek is 1 on Mondays.
      return sql`toDate(${day} - (toDayOfWeek(${day}) + ${bind('UInt8', 6 - weekdays.indexOf(weekStart))}) % 7)`;
    case 'month':
      return sql`toStartOfMonth(${day})`;
    case 'quarter':
      return sql`toStartOfQuarter(${day})`;
    case 'year':
      return sql`toStartOfYear(${day})`;
    default:
      return granularity satisfies never;
  }
}

function shiftedDay(day: Sql, shift: Scan['shift']): Sql {
  if (shift === undefined) return day;
  const { within } = shift;
  const moved =
    shift.unit === 'day'
      ? sql`(${day} + ${bind('Int32', shift.count)})`
      : sql`addMonths(${day}, ${bind('Int32', shift.count)})`;
  if (within === undefined) return moved;
  return sql`least(greatest(${moved}, ${bind('Date', formatDay(within.from))}), ${bind('Date', formatDay(within.to))})`;
}
