import type {
  CompareToInput,
  DatePreset,
  DateRangeInput,
  Granularity,
} from '../../../schema/generated/dashboard/graphql.ts';

/** Which days: a preset, which moves with today, or days of the calendar. */
export type Range = { readonly preset: DatePreset } | { readonly from: string; readonly to: string };

export type Comparison = 'period' | 'year' | 'none';

/** The presets that the page offers, each with how many days it has at most. */
const presets = {
  TODAY: 1,
  YESTERDAY: 1,
  LAST_7_DAYS: 7,
  LAST_14_DAYS: 14,
  LAST_28_DAYS: 28,
  LAST_30_DAYS: 30,
  LAST_90_DAYS: 90,
  THIS_WEEK: 7,
  LAST_WEEK: 7,
  THIS_MONTH: 31,
  LAST_MONTH: 31,
  THIS_QUARTER: 92,
  LAST_QUARTER: 92,
  THIS_YEAR: 366,
  YEAR_TO_DATE: 366,
  LAST_YEAR: 366,
} as const satisfies Record<DatePreset, number>;

export const presetNames = Object.keys(presets) as readonly DatePreset[];

export const isPreset = (name: string): name is DatePreset => Object.hasOwn(presets, name);

/** Whether a text is a day of the calendar. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const parsed = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(text);
}

const dayMs = 86_400_000;

const daysBetween = (from: string, to: string): number =>
  Math.round((Date.parse(to) - Date.parse(from)) / dayMs) + 1;

export const rangeInput = (range: Range): DateRangeInput =>
  'preset' in range ? { preset: range.preset } : { between: { from: range.from, to: range.to } };

/** The same days and today, where a preset ends yesterday: for what has happened, not for figures, which today has only in part. */
export function untilToday(range: Range): DateRangeInput {
  const days = 'preset' in range ? /^LAST_(\d+)_DAYS$/.exec(range.preset)?.[1] : undefined;
  return days === undefined
    ? rangeInput(range)
    : { last: { count: Number(days) + 1, unit: 'DAY', includeToday: true } };
}

/** The 365 days that end with a day. */
export const yearUpTo = (to: string): Range => ({
  from: new Date(Date.parse(to) - 364 * dayMs).toISOString().slice(0, 10),
  to,
});

export function comparisonInput(comparison: Comparison): CompareToInput | undefined {
  if (comparison === 'none') return undefined;
  return comparison === 'period' ? { previousPeriod: true } : { previousYear: true };
}

/** As fine as a chart can show it. */
export function fittingGranularity(range: Range): Granularity {
  const days = 'preset' in range ? presets[range.preset] : daysBetween(range.from, range.to);
  if (days <= 92) return 'DAY';
  return days <= 400 ? 'WEEK' : 'MONTH';
}
