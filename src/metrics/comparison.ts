import { badInput } from '../errors.ts';
import { type Day, formatDay } from '../records/day.ts';
import type { Alignment, Comparison, DayRange, Shift } from './query.ts';
import { addMonths, bucketStart, calendarUnit, monthsPerUnit, type RangeInput } from './range.ts';
import type { Weekday } from './registry.ts';

/** The `compareTo` argument of a query. */
export type ComparisonInput =
  | { readonly previousPeriod: true }
  | { readonly previousYear: true; readonly align?: Alignment | undefined }
  | { readonly between: DayRange };

/** The weeks of a query. */
export interface Weeks {
  readonly weekStart: Weekday;
  /** Its rows are weeks. */
  readonly grouped: boolean;
}

/**
 * Returns the days to compare `range` to, and the shift that aligns them with it.
 *
 * - The previous period of a range in days is the same number of days directly before it.
 * - The previous period of a range in weeks, months, quarters or years (THIS_MONTH, `last: {count: 2, unit: WEEK}`) is the
 *   same number of units before it. An unfinished unit ends on the same day: 1–22 November is compared to 1–22 October.
 * - The previous year is the same calendar days one year before (`date`), or 52 weeks before (`weekday`), so that Mondays meet
 *   Mondays: by default for weeks and ranges of whole weeks.
 * - Explicit days are aligned by position: the first with the first.
 *
 * @throws UtmqlError BAD_USER_INPUT when `between` ends before it begins
 */
export function resolveComparison(
  input: ComparisonInput,
  range: DayRange,
  given: RangeInput,
  weeks: Weeks,
): Comparison {
  if ('between' in input) return comparisonTo(input.between, range);
  if ('previousYear' in input) {
    const align = input.align ?? (isOfWeeks(range, given, weeks) ? 'weekday' : 'date');
    return { ...(align === 'weekday' ? daysBefore(range, 52 * 7) : monthsBefore(range, 12)), align };
  }
  const calendar = calendarUnit(given);
  if (calendar === undefined) return daysBefore(range, range.to - range.from + 1);
  const { unit, count } = calendar;
  return unit === 'week' ? daysBefore(range, 7 * count) : monthsBefore(range, monthsPerUnit[unit] * count);
}

/** Whether the days of a query belong to weeks rather than to months. */
const isOfWeeks = ({ from, to }: DayRange, given: RangeInput, { grouped, weekStart }: Weeks): boolean =>
  grouped ||
  calendarUnit(given)?.unit === 'week' ||
  ((to - from + 1) % 7 === 0 && bucketStart('week', from, weekStart) === from);

const daysBefore = ({ from, to }: DayRange, count: number): Comparison => ({
  range: { from: from - count, to: to - count },
  shift: { unit: 'day', count },
});

function monthsBefore(range: DayRange, count: number): Comparison {
  const previous = { from: addMonths(range.from, -count), to: lastDayBefore(range, count) };
  return { range: previous, shift: shiftTo(range, previous, { unit: 'month', count }) };
}

/** Complete months are compared to complete months: November to all of October. Part of a month keeps its days. */
function lastDayBefore({ from, to }: DayRange, months: number): Day {
  const areWhole = isFirstOfMonth(from) && isFirstOfMonth(to + 1);
  return areWhole ? addMonths(to + 1, -months) - 1 : addMonths(to, -months);
}

const isFirstOfMonth = (day: Day): boolean => formatDay(day).endsWith('-01');

function shiftTo(range: DayRange, previous: DayRange, shift: Pick<Shift, 'unit' | 'count'>): Shift {
  const moved = (day: Day): Day => (shift.unit === 'day' ? day + shift.count : addMonths(day, shift.count));
  const fits = moved(previous.from) >= range.from && moved(previous.to) <= range.to;
  return fits ? shift : { ...shift, within: range };
}

function comparisonTo(previous: DayRange, range: DayRange): Comparison {
  if (previous.from > previous.to) {
    throw badInput(
      `compareTo.between: from (${formatDay(previous.from)}) is after to (${formatDay(previous.to)}); swap them.`,
    );
  }
  const shift = { unit: 'day', count: range.from - previous.from } as const;
  return { range: previous, shift: shiftTo(range, previous, shift) };
}
