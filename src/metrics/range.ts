import { badInput } from '../errors.ts';
import { type Day, dayOf, firstDay, formatDay, lastDay } from '../records/day.ts';
import type { DayRange, Shift } from './query.ts';
import { type Granularity, type Weekday, weekdays } from './registry.ts';

export const presets = [
  'today',
  'yesterday',
  'last7Days',
  'last14Days',
  'last28Days',
  'last30Days',
  'last90Days',
  'thisWeek',
  'lastWeek',
  'thisMonth',
  'lastMonth',
  'thisQuarter',
  'lastQuarter',
  'thisYear',
  'lastYear',
  'yearToDate',
] as const;
type Preset = (typeof presets)[number];

/** The `dateRange` argument of a query. */
export type RangeInput =
  | { readonly between: DayRange }
  | { readonly last: { readonly count: number; readonly unit: Granularity; readonly includeToday: boolean } }
  | { readonly preset: Preset };

/**
 * Resolves a range to days, as of `today`. `last: {count: 7, unit: DAY}` is the seven complete days before today; with
 * `includeToday` the unfinished day, week, month … is the last of them and ends today.
 *
 * @throws UtmqlError BAD_USER_INPUT for a range that is reversed or outside 2000–2148
 */
export function resolveRange(input: RangeInput, today: Day, weekStart: Weekday): DayRange {
  const range = 'between' in input ? input.between : relativeRange(input, today, weekStart);
  if (range.from > range.to) {
    throw badInput(
      `dateRange: from (${formatDay(range.from)}) is after to (${formatDay(range.to)}); swap them.`,
    );
  }
  if (range.from < firstDay || range.to > lastDay) {
    throw badInput(`dateRange: days go from ${formatDay(firstDay)} to ${formatDay(lastDay)}.`);
  }
  return range;
}

function relativeRange(
  input: Exclude<RangeInput, { between: DayRange }>,
  today: Day,
  weekStart: Weekday,
): DayRange {
  if ('last' in input)
    return lastUnits(input.last.count, input.last.unit, input.last.includeToday, today, weekStart);
  const lastDays = (count: number): DayRange => lastUnits(count, 'day', false, today, weekStart);
  const current = (unit: Granularity): DayRange => ({ from: bucketStart(unit, today, weekStart), to: today });
  const previous = (unit: Granularity): DayRange => lastUnits(1, unit, false, today, weekStart);
  const { preset } = input;
  switch (preset) {
    case 'today':
      return { from: today, to: today };
    case 'yesterday':
      return lastDays(1);
    case 'last7Days':
      return lastDays(7);
    case 'last14Days':
      return lastDays(14);
    case 'last28Days':
      return lastDays(28);
    case 'last30Days':
      return lastDays(30);
    case 'last90Days':
      return lastDays(90);
    case 'thisWeek':
      return current('week');
    case 'lastWeek':
      return previous('week');
    case 'thisMonth':
      return current('month');
    case 'lastMonth':
      return previous('month');
    case 'thisQuarter':
      return current('quarter');
    case 'lastQuarter':
      return previous('quarter');
    case 'thisYear':
    case 'yearToDate':
      return current('year');
    case 'lastYear':
      return previous('year');
    default:
      return preset satisfies never;
  }
}

function lastUnits(
  count: number,
  unit: Granularity,
  includeToday: boolean,
  today: Day,
  weekStart: Weekday,
): DayRange {
  if (!Number.isInteger(count) || count < 1 || count > 10_000) {
    throw badInput(`dateRange.last.count: ${count} is not between 1 and 10000.`);
  }
  const current = bucketStart(unit, today, weekStart);
  const from = addUnits(unit, current, includeToday ? 1 - count : -count);
  if (from === undefined || from < firstDay)
    throw badInput(`dateRange.last.count: ${count} goes back before ${formatDay(firstDay)}.`);
  return { from, to: includeToday ? today : current - 1 };
}

export const monthsPerUnit = { month: 1, quarter: 3, year: 12 } as const;

/** Returns the first day of the bucket that contains `day`. */
export function bucketStart(unit: Granularity, day: Day, weekStart: Weekday): Day {
  if (unit === 'day') return day;
  // 1970-01-01 was a Thursday: index 3 of a week that starts on Monday.
  if (unit === 'week') return day - ((((day + 3 - weekdays.indexOf(weekStart)) % 7) + 7) % 7);
  const date = new Date(day * 86_400_000);
  const month = date.getUTCMonth();
  return dayOf(date.getUTCFullYear(), month - (month % monthsPerUnit[unit]) + 1, 1) ?? day;
}

/** Returns the first day of the bucket `count` units after the one that starts on `start`; undefined for no valid day. */
export function addUnits(unit: Granularity, start: Day, count: number): Day | undefined {
  if (unit === 'day') return start + count;
  if (unit === 'week') return start + 7 * count;
  const date = new Date(start * 86_400_000);
  const months = date.getUTCFullYear() * 12 + date.getUTCMonth() + count * monthsPerUnit[unit];
  return dayOf(Math.floor(months / 12), (months % 12) + 1, 1);
}

/** Adds months to a day; a day that the month lacks becomes its last (31 October − 1 month = 30 September). */
export function addMonths(day: Day, count: number): Day {
  const date = new Date(day * 86_400_000);
  const months = date.getUTCFullYear() * 12 + date.getUTCMonth() + count;
  const [year, month] = [Math.floor(months / 12), (months % 12) + 1];
  const last = (dayOf(month === 12 ? year + 1 : year, (month % 12) + 1, 1) ?? day) - 1;
  return Math.min(dayOf(year, month, date.getUTCDate()) ?? last, last);
}

/** Where a day of a comparison stands in the range. */
export function shiftedDay(day: Day, { unit, count, within }: Shift): Day {
  const moved = unit === 'day' ? day + count : addMonths(day, count);
  return within === undefined ? moved : Math.min(Math.max(moved, within.from), within.to);
}

const presetUnits: { readonly [Name in Preset]?: Exclude<Granularity, 'day'> } = {
  thisWeek: 'week',
  lastWeek: 'week',
  thisMonth: 'month',
  lastMonth: 'month',
  thisQuarter: 'quarter',
  lastQuarter: 'quarter',
  thisYear: 'year',
  lastYear: 'year',
  yearToDate: 'year',
};

/** Returns the calendar unit of a range and the number of units; undefined for a range in days. */
export function calendarUnit(
  input: RangeInput,
): { unit: Exclude<Granularity, 'day'>; count: number } | undefined {
  if ('between' in input) return undefined;
  if ('last' in input) {
    const { unit, count } = input.last;
    return unit === 'day' ? undefined : { unit, count };
  }
  const unit = presetUnits[input.preset];
  return unit && { unit, count: 1 };
}

/** Returns the first days of all buckets that overlap `range`. */
export function bucketsOf(range: DayRange, unit: Granularity, weekStart: Weekday): Day[] {
  const buckets: Day[] = [];
  for (
    let start: Day | undefined = bucketStart(unit, range.from, weekStart);
    start !== undefined && start <= range.to;
    start = addUnits(unit, start, 1)
  ) {
    buckets.push(start);
  }
  return buckets;
}
