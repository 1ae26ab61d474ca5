import type { Granularity, Measure, Weekday } from '../../../schema/generated/dashboard/graphql.ts';
import { isMeasure } from '../text/measures.ts';
import { type Filter, filterText, parseFilter } from './filters.ts';
import { type Comparison, isDay, isPreset, type Range } from './range.ts';

/** What an address says about all pages with figures. */
export interface View {
  readonly range: Range;
  readonly comparison: Comparison;
  readonly filters: readonly Filter[];
  /** Undefined: as the range fits. */
  readonly granularity: Granularity | undefined;
  readonly weekStart: Weekday;
  /** ISO 4217; undefined: the server's. */
  readonly currency: string | undefined;
}

export const usualView: View = {
  range: { preset: 'LAST_30_DAYS' },
  comparison: 'period',
  filters: [],
  granularity: undefined,
  weekStart: 'MONDAY',
  currency: undefined,
};

const granularities: readonly Granularity[] = ['DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR'];
const weekdays: readonly Weekday[] = ['MONDAY', 'SUNDAY', 'SATURDAY'];
/** More than anybody sets by hand, and few enough for one query. */
const mostFilters = 50;

/** Reads an address. What it does not understand is left out, so that every address shows something. */
export function parseView(search: URLSearchParams): View {
  const filters = search.getAll('f').map(parseFilter);
  return {
    range: parseRange(search),
    comparison: oneOf<Comparison>(['period', 'year', 'none'], search.get('compare')) ?? usualView.comparison,
    filters: filters.filter((filter) => filter !== undefined).slice(0, mostFilters),
    granularity: oneOf(granularities, search.get('by')?.toUpperCase()),
    weekStart: oneOf(weekdays, search.get('week')?.toUpperCase()) ?? usualView.weekStart,
    currency: /^[A-Z]{3}$/.exec(search.get('currency') ?? '')?.[0],
  };
}

function parseRange(search: URLSearchParams): Range {
  const [from, to] = [search.get('from') ?? '', search.get('to') ?? ''];
  if (isDay(from) && isDay(to)) return from <= to ? { from, to } : { from: to, to: from };
  const preset = (search.get('range') ?? '').toUpperCase();
  return isPreset(preset) ? { preset } : usualView.range;
}

/** Writes what differs from the usual view into an address. */
export function printView(view: View): URLSearchParams {
  const search = new URLSearchParams();
  const { range, comparison, filters, granularity, weekStart, currency } = view;
  if (!('preset' in range)) {
    search.set('from', range.from);
    search.set('to', range.to);
  } else if (JSON.stringify(range) !== JSON.stringify(usualView.range))
    search.set('range', range.preset.toLowerCase());
  if (comparison !== usualView.comparison) search.set('compare', comparison);
  for (const filter of filters) search.append('f', filterText(filter));
  if (granularity !== undefined) search.set('by', granularity.toLowerCase());
  if (weekStart !== usualView.weekStart) search.set('week', weekStart.toLowerCase());
  if (currency !== undefined) search.set('currency', currency);
  return search;
}

const oneOf = <Choice extends string>(
  choices: readonly Choice[],
  text: string | null | undefined,
): Choice | undefined => choices.find((choice) => choice === text);

/** Measures in an address: `cost,leads`. Empty where it names none. */
export const parseMeasures = (text: string | null): readonly Measure[] =>
  [...new Set((text ?? '').toUpperCase().split(','))].filter(isMeasure);

export const printMeasures = (measures: readonly Measure[]): string => measures.join(',').toLowerCase();
