import { resolveRange } from '../metrics/range.ts';
import type { Granularity, Weekday } from '../metrics/registry.ts';
import { dayOf } from '../records/day.ts';
import { type DateRangeInput, readRange } from './dates.ts';
import { maxFirst } from './pages.ts';

/** What is known of a list's length before it is read, for what a query costs. */
interface RowCount {
  readonly rows: number;
  /** Of lists within each of them. */
  readonly below?: number;
}

/** What the `extensions` of a list say whose length neither its `first` nor its page tells. */
export interface CountedList {
  /**
   * @param argument an argument by its name, coerced; undefined where there is none or it is wrong
   * @param pageRows of the page that the list is in
   */
  readonly countRows: (argument: Argument, pageRows: number) => RowCount;
}

type Argument = (name: string) => unknown;

/** What the `extensions` of a field say that reads more than once with its arguments, or with those of the field above. */
export interface ReadingField {
  readonly countReads?: {
    /** Ranges of days that one query reads. */
    readonly periods: (argument: Argument) => number;
    /** Queries. */
    readonly times: (argument: Argument) => number;
  };
  /** Queries with the arguments of the field above. */
  readonly countReadsAgain?: (argument: Argument) => number;
}

/** The range and the one that it is compared to; the ranking of `limitBy` is a query of its own. */
export const countMetricsReads: NonNullable<ReadingField['countReads']> = {
  periods: (argument) => (argument('compareTo') ? 2 : 1),
  times: (argument) => (argument('limitBy') ? 2 : 1),
};

/** Each level is a query. */
export const countLevels = (argument: Argument): number =>
  Math.max(...levelLists(argument).map((lists) => lists.length));

const levelLists = (argument: Argument): (readonly (readonly unknown[])[])[] =>
  ['by', 'breakdowns'].map((name) => (argument(name) ?? []) as readonly (readonly unknown[])[]);

/** Rows of a level, which no argument bounds, are reckoned as a page of this size, however small the page beside them. */
const usualLevelRows = 1_000;

/** One row a level; in each, what the usual level has. Without dimensions a level has one. */
export const countSubtotals: CountedList['countRows'] = (argument, pageRows) => {
  const hasMany = levelLists(argument).some((lists) => lists.some((level) => level.length > 0));
  return {
    rows: Math.max(countLevels(argument), 1),
    below: hasMany ? Math.min(Math.max(pageRows, usualLevelRows), maxFirst) : 1,
  };
};

/** For a list that is always as long. */
export const countAlways =
  (rows: number): CountedList['countRows'] =>
  () => ({ rows });

const shortestDays: Readonly<Record<Granularity, number>> = {
  day: 1,
  week: 7,
  month: 28,
  quarter: 90,
  year: 365,
};

/** More dates than this seldom have records. */
const mostDates = 1_000;

const lastDayOfYear = dayOf(2025, 12, 31) ?? 0;

/** As many as the range has buckets, on a day on which the current year is as long as it gets. */
export const countDates: CountedList['countRows'] = (argument, pageRows) => {
  const given = argument('dateRange') as typeof DateRangeInput.$inferInput | undefined;
  const granularity = argument('granularity') as Granularity;
  const weekStart = argument('weekStart') as Weekday;
  if (given === undefined) return { rows: pageRows };
  try {
    const { from, to } = resolveRange(readRange(given), lastDayOfYear, weekStart);
    const days = to - from + 1;
    const buckets = granularity === 'day' ? days : Math.ceil(days / shortestDays[granularity]) + 1;
    return { rows: Math.min(buckets, mostDates) };
  } catch {
    // The field itself refuses the range, with a sentence.
    return { rows: pageRows };
  }
};
