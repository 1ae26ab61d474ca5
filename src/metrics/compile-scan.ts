import { bind, empty, identifier, type Parameter, type Sql, sql } from '../clickhouse/sql.ts';
import { ValueList } from '../clickhouse/value-list.ts';
import { formatDay } from '../records/day.ts';
import { compileFilter } from './compile-filter.ts';
import { visibleRows } from './data-scope.ts';
import type { Plan, Scan } from './plan.ts';
import { type FigureKind, otherValue } from './query.ts';
import {
  breakdownOf,
  type DimensionName,
  isBreakdown,
  type Side,
  type SumName,
  snakeCase,
  sums,
  type TextDimension,
  textDimension,
  weekdays,
} from './registry.ts';

const tables: Readonly<Record<Side, Sql>> = { ads: sql`ad_performance`, crm: sql`opportunities` };

/** A sum over the range (`current`) or over the range it is compared to (`previous`). */
export interface PeriodSum {
  readonly sum: SumName;
  readonly of: Extract<FigureKind, 'current' | 'previous'>;
}

export const dimensionPrefixes = { named: 'd_', breakdown: 'b_' } as const;
export const dimensionAlias = (name: DimensionName): Sql =>
  identifier(
    isBreakdown(name)
      ? `${dimensionPrefixes.breakdown}${breakdownOf(name)}`
      : `${dimensionPrefixes.named}${snakeCase(name)}`,
  );
export const periodSumAlias = ({ sum, of }: PeriodSum): Sql =>
  identifier(`${of === 'current' ? 's' : 't'}_${snakeCase(sum)}`);

/** Compiles the read of one table. Every read is made here, so every read carries the caller's workspace and policy. */
export function compileScan(
  scan: Scan,
  plan: Plan,
): { from: Sql; dimension: (name: DimensionName) => Sql; sum: (part: PeriodSum) => Sql } {
  const { side } = scan;
  const filter = plan.where === undefined ? empty : sql` AND ${compileFilter(plan.where, side)}`;
  const { fold } = plan;
  const leftOut =
    fold && !fold.others ? sql` AND ${column(fold.dimension, side)} IN (${keptValues(fold.values)})` : empty;
  return {
    from: sql`${tables[side]} FINAL WHERE ${visibleRows(side, plan)} AND date BETWEEN ${bind('Date', formatDay(scan.range.from))} AND ${bind('Date', formatDay(scan.range.to))}${filter}${leftOut}`,
    dimension(name) {
      if (name === 'date') return bucket(plan, scan);
      if (fold?.others !== true || fold.dimension !== name) return column(name, side);
      return foldedColumn(column(name, side), fold.values);
    },
    sum({ sum, of }) {
      const own = (of === 'previous') === (scan.shift !== undefined) && scan.sums.includes(sum);
      return own ? sums[sum].aggregate : zeroOf(sum);
    },
  };
}

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

/** A dimension that the side lacks is null there, stored as ''. */
const column = (name: TextDimension, side: Side): Sql => textDimension(name).columns[side] ?? sql`''`;

export const zeroOf = (name: SumName): Sql =>
  sums[name].unit === 'money' ? sql`toDecimal128(0, 6)` : sql`toUInt64(0)`;

/** The first day of a row's bucket. Days of a comparison are shifted into the range first. */
function bucket({ granularity, weekStart }: Plan, { shift }: Scan): Sql {
  const day = shiftedDay(shift);
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

function shiftedDay(shift: Scan['shift']): Sql {
  if (shift === undefined) return sql`date`;
  const { within } = shift;
  const moved =
    shift.unit === 'day'
      ? sql`(date + ${bind('Int32', shift.count)})`
      : sql`addMonths(date, ${bind('Int32', shift.count)})`;
  if (within === undefined) return moved;
  return sql`least(greatest(${moved}, ${bind('Date', formatDay(within.from))}), ${bind('Date', formatDay(within.to))})`;
}
