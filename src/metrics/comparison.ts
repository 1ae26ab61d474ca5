import { badInput } from '../errors.ts';
import { type Day, formatDay } from '../records/day.ts';
import type { Comparison, DayRange } from './query.ts';
import { addMonths, calendarUnit, monthsOf, type RangeInput } from './range.ts';

/** What to compare a range to, as callers give it. */
export type ComparisonInput =
  | { readonly previousPeriod: true }
  | { readonly previousYear: true }
  | { readonly between: DayRange };

/**
 * The days that a comparison means, and how they are moved to meet those of the range.
 *
 * The previous period of plain days is as many days just before. That of weeks, months, quarters or years (THIS_MONTH,
 * `last: {count: 2, unit: WEEK}`) is as many units before, up to the same day where the current one is unfinished: 1–22
 * November is compared to 1–22 October. The previous year is the same days of the calendar a year before.
 */
export function resolveComparison(
  input: ComparisonInput,
  range: DayRange,
  given: RangeInput,
  byDate: boolean,
): Comparison {
  if ('between' in input) return comparisonTo(input.between, range, byDate);
  if ('previousYear' in input) return monthsBefore(range, 12);
  const calendar = calendarUnit(given);
  if (calendar === undefined) return daysBefore(range, range.to - range.from + 1);
  const { unit, count } = calendar;
  return unit === 'week' ? daysBefore(range, 7 * count) : monthsBefore(range, monthsOf[unit] * count);
}

const daysBefore = ({ from, to }: DayRange, count: number): Comparison => ({
  range: { from: from - count, to: to - count },
  shift: { unit: 'day', count },
});

function monthsBefore({ from, to }: DayRange, count: number): Comparison {
  return {
    range: { from: addMonths(from, -count), to: lastDayBefore(to, count) },
    shift: { unit: 'month', count },
  };
}

/** The end of a month stays the end of a month: 30 November − 1 month = 31 October. */
function lastDayBefore(to: Day, months: number): Day {
  const endsMonth = formatDay(to + 1).endsWith('-01');
  return endsMonth ? addMonths(to + 1, -months) - 1 : addMonths(to, -months);
}

function comparisonTo(previous: DayRange, range: DayRange, byDate: boolean): Comparison {
  if (previous.from > previous.to) {
    throw badInput(
      `compareTo.between: from (${formatDay(previous.from)}) is after to (${formatDay(previous.to)}); swap them.`,
    );
  }
  const [days, other] = [range.to - range.from + 1, previous.to - previous.from + 1];
  if (byDate && days !== other) {
    throw badInput(
      `compareTo.between has ${other} days and dateRange ${days}; with DATE in groupBy both must have as many.`,
    );
  }
  return { range: previous, shift: { unit: 'day', count: range.from - previous.from } };
}
