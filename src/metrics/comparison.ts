import { badInput } from '../errors.ts';
import { type Day, formatDay } from '../records/day.ts';
import type { Comparison, DayRange, Shift } from './query.ts';
import { addMonths, calendarUnit, monthsPerUnit, type RangeInput } from './range.ts';

/** The `compareTo` argument of a query. */
export type ComparisonInput =
  | { readonly previousPeriod: true }
  | { readonly previousYear: true }
  | { readonly between: DayRange };

/**
 * Returns the days to compare `range` to, and the shift that aligns them with it.
 *
 * - The previous period of a range in days is the same number of days directly before it.
 * - The previous period of a range in weeks, months, quarters or years (THIS_MONTH, `last: {count: 2, unit: WEEK}`) is the
 *   same number of units before it. An unfinished unit ends on the same day: 1–22 November is compared to 1–22 October.
 * - The previous year is the same calendar days one year before.
 * - Explicit days are aligned by position: the first with the first.
 *
 * @throws UtmqlError BAD_USER_INPUT when `between` ends before it begins
 */
export function resolveComparison(input: ComparisonInput, range: DayRange, given: RangeInput): Comparison {
  if ('between' in input) return comparisonTo(input.between, range);
  if ('previousYear' in input) return monthsBefore(range, 12);
  const calendar = calendarUnit(given);
  if (calendar === undefined) return daysBefore(range, range.to - range.from + 1);
  const { unit, count } = calendar;
  return unit === 'week' ? daysBefore(range, 7 * count) : monthsBefore(range, monthsPerUnit[unit] * count);
}

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
