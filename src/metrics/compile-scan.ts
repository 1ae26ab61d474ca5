import { bind, empty, identifier, join, type Parameter, type Sql, sql } from '../clickhouse/sql.ts';
import { ValueList } from '../clickhouse/value-list.ts';
import { type Day, formatDay } from '../records/day.ts';
import { canonicalColumns } from './canonical-columns.ts';
import { isDistinct, type Sum } from './catalogue.ts';
import { compileCondition } from './compile-condition.ts';
import { moneyAggregates, noDoubt } from './currency/money.ts';
import { visibleRows } from './data-scope.ts';
import { eventRows } from './event-rows.ts';
import type { Filter } from './filter.ts';
import type { GroupKey } from './group-keys.ts';
import { catalogueOf } from './model.ts';
import type { Plan, RollupScan, Scan, TableScan } from './plan.ts';
import { type DayRange, type FigureKind, otherValue } from './query.ts';
import {
  type Addend,
  breakdownOf,
  type ColumnOf,
  columnOfSide,
  type DimensionName,
  isBreakdown,
  isOwnDimension,
  isOwnMeasure,
  keyOfOwnDimension,
  keyOfOwnMeasure,
  type MeasureName,
  type StoredField,
  type SumName,
  snakeCase,
  sumOf,
  tableOf,
  type Unit,
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
  readonly doubt: SumName;
  readonly of: Period;
}

/** What rows are aggregated to. */
export type Part = PeriodSum | PeriodDoubt;

export const isDoubt = (part: Part): part is PeriodDoubt => 'doubt' in part;

export const dimensionPrefixes = { named: 'd_', breakdown: 'b_', own: 'o_' } as const;
export function dimensionAlias(name: DimensionName): Sql {
  if (isBreakdown(name)) return identifier(`${dimensionPrefixes.breakdown}${breakdownOf(name)}`);
  if (isOwnDimension(name)) return identifier(`${dimensionPrefixes.own}${keyOfOwnDimension(name)}`);
  return identifier(`${dimensionPrefixes.named}${snakeCase(name)}`);
}

/** What an own dimension is worked out of: once a group, not once a row. */
export const sourceAlias = (name: StoredField): Sql =>
  identifier(
    `e_${isBreakdown(name) ? `${dimensionPrefixes.breakdown}${breakdownOf(name)}` : snakeCase(name)}`,
  );

/** A measure within names of columns: a model's key stands behind an underscore, with which no other name begins. */
export const measureColumn = (name: MeasureName): string =>
  isOwnMeasure(name) ? `_${keyOfOwnMeasure(name)}` : snakeCase(name);
const partPrefixes = {
  sum: { current: 's', previous: 't' },
  doubt: { current: 'k', previous: 'l' },
} as const;
export const partAlias = (part: Part): Sql =>
  isDoubt(part)
    ? identifier(`${partPrefixes.doubt[part.of]}_${measureColumn(part.doubt)}`)
    : identifier(`${partPrefixes.sum[part.of]}_${measureColumn(part.sum)}`);

/** What is selected from: its rows, and where they have dimensions and sums. */
interface ScannedRows {
  readonly from: Sql;
  readonly columnOf: ColumnOf;
  /** What is added up of them, without the conditions of own sums. */
  readonly addendOf: (sum: Sum) => Addend;
}

/**
 * Compiles the read of a table or rollup. Every read is made here, so every read carries the caller's workspace and policy.
 *
 * @param place among the reads of a statement
 */
export function compileScan(
  scan: Scan,
  plan: Plan<Scan>,
  place: number,
): {
  /** Stands before SELECT. */
  with: Sql;
  from: Sql;
  dimension: (name: DimensionName) => Sql;
  source: (name: StoredField) => Sql;
  /** What a dimension's values are made of: those of rows that are equal in it are equal. */
  column: (name: GroupKey['name']) => Sql;
  part: (part: Part) => Sql;
} {
  const rows = 'rollup' in scan ? rollupRows(scan, plan) : tableRows(scan, plan);
  const { from, columnOf: stored } = rows;
  const columnOf = canonicalColumns(stored, plan.model);
  const conditionOf = (filter: Filter): Sql => compileCondition(filter, columnOf, plan.model);
  const catalogue = catalogueOf(plan.model);
  const common = commonConditions(scan, plan);
  const rate = scan.sums.some(catalogue.isAmount) ? rateFor(scan, plan) : undefined;
  // Once a statement: a year's rates are a long text.
  const rateAlias = rate && identifier(`rate_${place}`);
  const aggregateOf = (part: Part): Sql => {
    const sum = catalogue.sum(isDoubt(part) ? part.doubt : part.sum);
    const isCommon = common.length === 1 && common[0] === sum.where;
    const addend = narrowed(rows.addendOf(sum), isCommon ? undefined : sum.where && conditionOf(sum.where));
    if (sum.unit === 'money' && addend.value !== undefined) {
      const { sum: total, doubt } = moneyAggregates({ ...addend, value: addend.value }, rateAlias);
      return isDoubt(part) ? doubt : total;
    }
    return isDistinct(sum) ? distinctState(addend) : sumOf(addend);
  };
  const reads = (part: Part): boolean =>
    (part.of === 'previous') === (scan.shift !== undefined) &&
    scan.sums.includes(isDoubt(part) ? part.doubt : part.sum);
  const filter = plan.where === undefined ? empty : sql` AND ${conditionOf(plan.where)}`;
  const counted = common.length === 0 ? empty : sql` AND (${join(common.map(conditionOf), ' OR ')})`;
  const { fold } = plan;
  const leftOut =
    fold && !fold.others ? sql` AND ${columnOf(fold.dimension)} IN (${keptValues(fold.values)})` : empty;
  return {
    with: rate && rateAlias ? sql`WITH ${rate} AS ${rateAlias} ` : empty,
    from: sql`${from}${filter}${counted}${leftOut}`,
    dimension(name) {
      if (name === 'date') return bucket(plan, scan);
      return folded(columnOf(name), name, plan);
    },
    source: columnOf,
    column: (name) => (name === 'date' ? bucket(plan, scan) : stored(name)),
    part: (part) => (reads(part) ? aggregateOf(part) : nothingOf(part, plan, dimensionAlias('date'))),
  };
}

/** Of events, only those are read that one of the sums counts: most are of no interest. Empty: all. */
function commonConditions(scan: Scan, { model }: Plan<Scan>): readonly Filter[] {
  if ('rollup' in scan || scan.side !== 'events') return [];
  const conditions = scan.sums.map((name) => catalogueOf(model).sum(name).where);
  const found = conditions.filter((where) => where !== undefined);
  return found.length < conditions.length ? [] : [...new Set(found)];
}

/** @param only which rows count, besides */
export function narrowed({ value, counts }: Addend, only: Sql | undefined): Addend {
  const both = counts !== undefined && only !== undefined ? sql`${counts} AND ${only}` : (counts ?? only);
  return { ...(value && { value }), ...(both && { counts: both }) };
}

const distinctState = ({ value = sql`''`, counts }: Addend): Sql =>
  sql`uniqExactStateIf(toString(${value}), ${value} != ''${counts === undefined ? empty : sql` AND ${counts}`})`;

const between = (day: Sql, { from, to }: DayRange): Sql =>
  sql`${day} BETWEEN ${bind('Date', formatDay(from))} AND ${bind('Date', formatDay(to))}`;
/** Stands after `date IN`. */
export const oneOf = (days: readonly Day[]): Sql => sql`(${bind('Array(Date)', days.map(formatDay))})`;

/**
 * What a unit of a row's money is worth; undefined: it stays as it is. A record is worth what it was on the day that it is stored on,
 * whichever day it counts on.
 */
function rateFor(scan: Scan, { conversion }: Plan<Scan>): Sql | undefined {
  return isByClosing(scan) ? conversion?.rateOfAnyDay() : conversion?.rateIn(scan.range.from, scan.range.to);
}

const isByClosing = (scan: Scan): boolean => 'side' in scan && scan.isByClosing;

/** The day that a record counts on. Without a day of closing, that of its creation. */
const dayOf = (scan: Scan): Sql =>
  isByClosing(scan) ? sql`if(closed_day = toDate(0), date, closed_day)` : sql`date`;

function tableRows(scan: TableScan, plan: Plan<Scan>): ScannedRows {
  const { side, range, days } = scan;
  if (side === 'events') return eventRows(scan, plan);
  const only = days === undefined ? empty : sql` AND date IN ${oneOf(days)}`;
  const won = scan.isByClosing ? sql` AND stage = 'closed_won'` : empty;
  return {
    from: sql`${tableOf[side]} FINAL WHERE ${visibleRows(side, plan)} AND ${between(dayOf(scan), range)}${only}${won}`,
    columnOf: columnOfSide(side),
    addendOf: addendOfTable,
  };
}

/** What a sum of a stored side adds up, without its condition. */
export function addendOfTable({ addend }: Sum): Addend {
  if ('column' in addend) return addend;
  const name = addend.kind === 'extra' ? addend.name : '';
  return { value: sql`extra_measures[${bind('String', name)}]` };
}

function rollupRows({ rollup, period, sides, range, built }: RollupScan, plan: Plan<Scan>): ScannedRows {
  const columnOf: ColumnOf = (name) => dimensionColumn(rollup, name);
  const ofSides =
    sides.length > 1 ? empty : sides[0] === 'ads' ? sql` AND ads_rows > 0` : sql` AND leads > 0`;
  return {
    from: sql`rollup_sums WHERE ${visibleRows(columnOf, plan)} AND rollup = ${bind('String', rollup.name)} AND period = ${bind('String', period)} AND ${between(sql`date`, range)} AND ${isBuilt(built)}${ofSides}`,
    columnOf,
    addendOf: ({ addend }) => ({ value: 'column' in addend ? identifier(snakeCase(addend.column)) : sql`0` }),
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

/** A column with one value for all that the fold of its dimension does not keep. */
export function folded(column: Sql, name: DimensionName, { fold }: Plan<Scan>): Sql {
  if (fold?.others !== true || fold.dimension !== name) return column;
  return sql`multiIf(${column} NOT IN (${keptValues(fold.values)}), ${bind('String', otherValue)}, ${column} = '', '', concat(${bind('String', keptPrefix)}, ${column}))`;
}

/** Returns the stored value of a folded dimension, or undefined for the row of all other values. */
export const unfoldedValue = (value: string): string | undefined =>
  value === otherValue ? undefined : value.slice(keptPrefix.length);

export const zeroOfUnit = (unit: Unit): Sql =>
  unit === 'count' ? sql`toUInt64(0)` : sql`toDecimal128(0, 6)`;

/**
 * What a row has of a sum that its scan does not read: zero, or null where the bucket has nothing to be compared to.
 *
 * @param date the bucket
 */
export function nothingOf(part: Part, { unknownBefore, model }: Plan<Scan>, date: Sql): Sql {
  if (isDoubt(part)) return noDoubt;
  const sum = catalogueOf(model).sum(part.sum);
  // States cannot be null: what is made of them is, see `isUnknown`.
  if (isDistinct(sum)) return sql`arrayReduce('uniqExactState', emptyArrayString())`;
  const zero = zeroOfUnit(sum.unit);
  if (part.of === 'current' || unknownBefore === undefined) return zero;
  return sql`if(${isUnknown(unknownBefore, date)}, NULL, ${zero})`;
}

/** Whether a bucket has nothing to be compared to. The totals, whose date is 0, are of all buckets. */
export const isUnknown = (before: NonNullable<Plan['unknownBefore']>, date: Sql): Sql =>
  before === 'all' ? sql`true` : sql`(${date} > toDate(0) AND ${date} < ${bind('Date', formatDay(before))})`;

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
