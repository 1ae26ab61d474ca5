import { type Fact, sumNames, sumUp } from './oracle.ts';
import type { OracleRates } from './oracle-rates.ts';

/** A question to the oracle: what `metrics` takes, as plain data. */
export interface OracleQuery {
  readonly range: readonly [string, string];
  readonly compareTo: readonly [string, string] | undefined;
  readonly groupBy: readonly string[];
  /** What money is asked in; undefined: as it is stored. */
  readonly currency?: string | undefined;
  readonly crmDate?: 'CREATED' | 'CLOSED' | undefined;
  readonly granularity: 'DAY' | 'WEEK' | 'MONTH' | 'QUARTER' | 'YEAR';
  readonly weekStart: 'MONDAY' | 'SUNDAY' | 'SATURDAY';
  readonly where: OracleFilter | undefined;
  readonly having:
    | { readonly measure: string; readonly of: string; readonly operator: string; readonly value: number }
    | undefined;
  readonly orderBy:
    | { readonly measure: string; readonly of: string; readonly direction: 'ASC' | 'DESC' }
    | undefined;
  readonly fill: boolean;
  readonly limitBy:
    | { readonly n: number; readonly dimension: string; readonly measure: string; readonly others: boolean }
    | undefined;
}

export type OracleFilter =
  | { readonly and: readonly OracleFilter[] }
  | { readonly or: readonly OracleFilter[] }
  | { readonly not: OracleFilter }
  | {
      readonly dimension: string;
      readonly operator: string;
      readonly value: string | null | readonly (string | null)[] | boolean;
    };

type Values = Record<string, number | null>;
export interface OracleRow {
  readonly key: readonly (string | null)[];
  readonly current: Values;
  readonly previous: Values;
  readonly change: Values;
  readonly relativeChange: Values;
}

const ratios: Record<string, (sums: Record<string, number>) => [number, number, number?]> = {
  ctr: (s) => [s.clicks ?? 0, s.impressions ?? 0],
  cpc: (s) => [s.cost ?? 0, s.clicks ?? 0],
  cpm: (s) => [s.cost ?? 0, s.impressions ?? 0, 1000],
  costPerConversion: (s) => [s.cost ?? 0, s.conversions ?? 0],
  reportedRoas: (s) => [s.conversionValue ?? 0, s.cost ?? 0],
  cpa: (s) => [s.cost ?? 0, s.leads ?? 0],
  costPerOpportunity: (s) => [s.cost ?? 0, s.opportunities ?? 0],
  cac: (s) => [s.cost ?? 0, s.closedWon ?? 0],
  cvrClickToLead: (s) => [s.leads ?? 0, s.clicks ?? 0],
  cvrLeadToOpp: (s) => [s.opportunities ?? 0, s.leads ?? 0],
  cvrOppToWon: (s) => [s.closedWon ?? 0, s.opportunities ?? 0],
  roas: (s) => [s.revenue ?? 0, s.cost ?? 0],
  averageDealSize: (s) => [s.revenue ?? 0, s.closedWon ?? 0],
};
export const measureNames = [...sumNames, ...Object.keys(ratios)];

const amounts = ['cost', 'conversionValue', 'revenue'] as const;
type Amount = (typeof amounts)[number];

/** The amounts that each measure of money is made of. */
const amountsOf: Readonly<Record<string, readonly Amount[]>> = {
  cost: ['cost'],
  revenue: ['revenue'],
  cpc: ['cost'],
  cpm: ['cost'],
  cpa: ['cost'],
  costPerOpportunity: ['cost'],
  cac: ['cost'],
  averageDealSize: ['revenue'],
  roas: ['cost', 'revenue'],
  conversionValue: ['conversionValue'],
  costPerConversion: ['cost'],
  reportedRoas: ['cost', 'conversionValue'],
};

/** A fact with its money in the asked currency; null where there is no rate. */
interface Valued extends Fact {
  readonly worth?: Readonly<Record<Amount, number | null>>;
}

const currenciesOf = (facts: readonly Valued[], names: readonly Amount[]): Set<string> =>
  new Set(
    names.flatMap((name) =>
      facts.filter((fact) => fact[name] > 0).map((fact) => String(fact.dimensions.currency)),
    ),
  );

function amountIn(facts: readonly Valued[], name: Amount, stored: number): number | null {
  if (facts.some(({ worth }) => worth?.[name] === null)) return null;
  if (facts.some(({ worth }) => worth !== undefined))
    return facts.reduce((sum, { worth }) => sum + (worth?.[name] ?? 0), 0);
  return currenciesOf(facts, [name]).size > 1 ? null : stored;
}

function measure(facts: readonly Valued[]): Values {
  const sums = sumUp(facts);
  const money = {
    cost: amountIn(facts, 'cost', sums.cost),
    conversionValue: amountIn(facts, 'conversionValue', sums.conversionValue),
    revenue: amountIn(facts, 'revenue', sums.revenue),
  };
  const isStored = facts.every(({ worth }) => worth === undefined);
  const values: Values = { ...sums, ...money };
  for (const [name, parts] of Object.entries(ratios)) {
    const [numerator, denominator, factor = 1] = parts({
      ...sums,
      cost: money.cost ?? Number.NaN,
      conversionValue: money.conversionValue ?? Number.NaN,
      revenue: money.revenue ?? Number.NaN,
    });
    const isMixed = isStored && currenciesOf(facts, amountsOf[name] ?? []).size > 1;
    const value = (factor * numerator) / denominator;
    values[name] = denominator === 0 || isMixed || Number.isNaN(value) ? null : value;
  }
  return values;
}

/** Money is not taken from money of another currency. */
const cannotDiffer = (name: string, now: readonly Valued[], before: readonly Valued[]): boolean =>
  !['roas', 'reportedRoas'].includes(name) &&
  [...now, ...before].every(({ worth }) => worth === undefined) &&
  currenciesOf([...now, ...before], amountsOf[name] ?? []).size > 1;

const dayMs = 86_400_000;
const time = (date: string): number => Date.parse(`${date}T00:00:00Z`);
const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

function bucketOf(
  date: string,
  granularity: OracleQuery['granularity'],
  weekStart: OracleQuery['weekStart'],
): string {
  const [year = '', month = ''] = date.split('-');
  if (granularity === 'DAY') return date;
  if (granularity === 'YEAR') return `${year}-01-01`;
  if (granularity === 'MONTH') return `${year}-${month}-01`;
  if (granularity === 'QUARTER')
    return `${year}-${String(Math.floor((Number(month) - 1) / 3) * 3 + 1).padStart(2, '0')}-01`;
  const first = { SUNDAY: 0, MONDAY: 1, SATURDAY: 6 }[weekStart];
  let at = time(date);
  while (new Date(at).getUTCDay() !== first) at -= dayMs;
  return iso(at);
}

function holds(fact: Fact, filter: OracleFilter): boolean {
  if ('and' in filter) return filter.and.every((part) => holds(fact, part));
  if ('or' in filter) return filter.or.some((part) => holds(fact, part));
  if ('not' in filter) return !holds(fact, filter.not);
  const actual = fact.dimensions[filter.dimension] ?? null;
  const { operator, value } = filter;
  switch (operator) {
    case 'eq':
      return actual === value;
    case 'ne':
      return actual !== value;
    case 'in':
      return (value as readonly (string | null)[]).includes(actual);
    case 'notIn':
      return !(value as readonly (string | null)[]).includes(actual);
    case 'contains':
      return actual?.includes(value as string) ?? false;
    case 'startsWith':
      return actual?.startsWith(value as string) ?? false;
    case 'endsWith':
      return actual?.endsWith(value as string) ?? false;
    default:
      return (actual === null || actual === 'unknown') === value;
  }
}

const between = (facts: readonly Fact[], [from, to]: readonly [string, string]): Fact[] =>
  facts.filter((fact) => fact.date >= from && fact.date <= to);

const meets: Record<string, (value: number, bound: number) => boolean> = {
  gt: (value, bound) => value > bound,
  gte: (value, bound) => value >= bound,
  lt: (value, bound) => value < bound,
  lte: (value, bound) => value <= bound,
};

/** Figures where there is nothing to compare to. */
const unknown: Values = Object.fromEntries(measureNames.map((name) => [name, null]));

/** @param hasAll each date has something to be compared to: without a group, figures are zero */
function rowOf(key: readonly (string | null)[], groups: readonly Group[], hasAll = false): OracleRow {
  const known = groups.filter(({ isKnown }) => isKnown);
  const now = groups.flatMap((group) => group.now);
  const before = known.flatMap((group) => group.before);
  const current = measure(now);
  const previous = known.length === 0 && !hasAll ? unknown : measure(before);
  const change: Values = {};
  const relativeChange: Values = {};
  for (const name of measureNames) {
    const [a = null, b = null] = [current[name], previous[name]];
    const isUnclear = a === null || b === null || cannotDiffer(name, now, before);
    change[name] = isUnclear ? null : a - b;
    relativeChange[name] = isUnclear || b === 0 ? null : (a - b) / b;
  }
  return { key, current, previous, change, relativeChange };
}

/** All rows that pass `having`, in no order, and the totals over them. */
export function askOracle(
  facts: readonly Fact[],
  query: OracleQuery,
  rates?: OracleRates,
): { rows: OracleRow[]; totals: OracleRow; groups: Groups } {
  const { where, currency } = query;
  const valued = facts.map(
    (fact): Valued => (currency === undefined ? fact : { ...fact, worth: worthOf(fact, currency, rates) }),
  );
  const dated = query.crmDate === 'CLOSED' ? valued.flatMap(byClosing) : valued;
  const filtered = where === undefined ? dated : dated.filter((fact) => holds(fact, where));
  const shift = query.compareTo === undefined ? 0 : time(query.range[0]) - time(query.compareTo[0]);
  const now = between(filtered, query.range);
  const before =
    query.compareTo === undefined
      ? []
      : between(filtered, query.compareTo).map((fact) => ({ ...fact, date: iso(time(fact.date) + shift) }));

  const top = query.limitBy && largest(now, query.limitBy);
  const keep = (fact: Fact): boolean =>
    top === undefined ||
    query.limitBy?.others === true ||
    top.has(fact.dimensions[query.limitBy?.dimension ?? ''] ?? null);
  const placeOf = (fact: Fact, name: string): string | null => {
    if (name === 'date') return bucketOf(fact.date, query.granularity, query.weekStart);
    const value = fact.dimensions[name] ?? null;
    return top !== undefined && name === query.limitBy?.dimension && !top.has(value) ? '(other)' : value;
  };
  const firstKnown = firstKnownBucket(facts, query, shift);
  const isKnown = (key: readonly (string | null)[]): boolean => {
    const bucket = key[query.groupBy.indexOf('date')];
    return firstKnown !== 'none' && (typeof bucket !== 'string' || bucket >= firstKnown);
  };
  const groups: Groups = new Map();
  const groupFor = (key: readonly (string | null)[]): Group => {
    const id = JSON.stringify(key);
    const group = groups.get(id) ?? { key, now: [], before: [], isKnown: isKnown(key) };
    groups.set(id, group);
    return group;
  };
  for (const fact of now.filter(keep))
    groupFor(query.groupBy.map((name) => placeOf(fact, name))).now.push(fact);
  for (const fact of before.filter(keep))
    groupFor(query.groupBy.map((name) => placeOf(fact, name))).before.push(fact);
  if (query.groupBy.length === 0) groupFor([]);
  if (query.fill) {
    const buckets = new Set<string>();
    for (let at = time(query.range[0]); at <= time(query.range[1]); at += dayMs)
      buckets.add(bucketOf(iso(at), query.granularity, query.weekStart));
    const place = query.groupBy.indexOf('date');
    const series = query.groupBy.length === 1 ? [{ key: [null] }] : [...groups.values()];
    for (const { key } of series)
      for (const bucket of buckets) groupFor(key.map((value, index) => (index === place ? bucket : value)));
  }
  const { having } = query;
  const rows: OracleRow[] = [];
  const passed: Group[] = [];
  for (const group of groups.values()) {
    const row = rowOf(group.key, [group]);
    if (having) {
      const value = row[having.of as 'current'][having.measure] ?? null;
      if (value === null || meets[having.operator]?.(value, having.value) !== true) continue;
    }
    rows.push(row);
    passed.push(group);
  }
  const totals = rowOf([], passed, firstKnown === '');
  return { rows, totals, groups: new Map(passed.map((group) => [JSON.stringify(group.key), group])) };
}

/** A won record as two: the lead on its own day, and what came of it on the day it was closed. */
const byClosing = (fact: Valued): Valued[] =>
  fact.closedWon === 0
    ? [fact]
    : [
        {
          ...fact,
          closedWon: 0,
          revenue: 0,
          ...(fact.worth && { worth: { ...fact.worth, revenue: 0 } }),
        },
        { ...fact, date: fact.closedOn ?? fact.date, leads: 0, opportunities: 0 },
      ];

/** Money at the rate of the fact's own day, before any comparison moves it to another. */
function worthOf(
  fact: Fact,
  currency: string,
  rates: OracleRates | undefined,
): Record<Amount, number | null> {
  const rate = rates?.(fact.date, String(fact.dimensions.currency), currency) ?? null;
  const worth = (amount: number): number | null => (amount === 0 ? 0 : rate === null ? null : amount * rate);
  return {
    cost: worth(fact.cost),
    conversionValue: worth(fact.conversionValue),
    revenue: worth(fact.revenue),
  };
}

/**
 * The first bucket that has something to be compared to. Before the first day with data there is nothing; within the days with
 * data, no rows are figures of zero.
 */
function firstKnownBucket(facts: readonly Fact[], query: OracleQuery, shift: number): string {
  if (query.compareTo === undefined) return '';
  const [first] = between(facts, query.compareTo)
    .map(({ date }) => date)
    .sort();
  if (first === undefined) return 'none';
  if (facts.some(({ date }) => date < (query.compareTo?.[0] ?? ''))) return '';
  return bucketOf(iso(time(first) + shift), query.granularity, query.weekStart);
}

/** The passed groups once more, by fewer dimensions. */
export function subtotal(groups: Groups, groupBy: readonly string[], level: readonly string[]): OracleRow[] {
  const again = new Map<string, { key: (string | null)[]; groups: Group[] }>();
  for (const group of groups.values()) {
    const key = level.map((name) => group.key[groupBy.indexOf(name)] ?? null);
    const known = again.get(JSON.stringify(key)) ?? { key, groups: [] };
    known.groups.push(group);
    again.set(JSON.stringify(key), known);
  }
  return [...again.values()].map((level) => rowOf(level.key, level.groups));
}

interface Group {
  readonly key: readonly (string | null)[];
  readonly now: Valued[];
  readonly before: Valued[];
  /** Whether there is anything to compare to. */
  readonly isKnown: boolean;
}
type Groups = Map<string, Group>;

/** The n values with most of a sum; ties by name, null last. */
function largest(
  facts: readonly Fact[],
  { n, dimension, measure: by }: NonNullable<OracleQuery['limitBy']>,
): Set<string | null> {
  const groups = new Map<string | null, Fact[]>();
  for (const fact of relevant(facts, by)) {
    const value = fact.dimensions[dimension] ?? null;
    groups.set(value, [...(groups.get(value) ?? []), fact]);
  }
  const ranked = [...groups].map(([value, group]) => ({
    value,
    amount: measure(group)[by] ?? Number.NEGATIVE_INFINITY,
  }));
  ranked.sort(
    (a, b) =>
      b.amount - a.amount || (a.value === null ? 1 : b.value === null ? -1 : a.value < b.value ? -1 : 1),
  );
  return new Set(ranked.slice(0, n).map(({ value }) => value));
}

/** A ranking by an ads figure knows only ads facts, one by a CRM figure only those of the CRM. */
function relevant(facts: readonly Fact[], by: string): readonly Fact[] {
  const isAds = ['impressions', 'clicks', 'cost', 'conversions', 'conversionValue'].includes(by);
  return facts.filter((fact) => (fact.dimensions.match === null) === isAds);
}
