import { type Fact, sumNames, sumUp } from './oracle.ts';
import type { OracleRates } from './oracle-rates.ts';
import type { OracleFormula, OracleSum, OracleWords } from './oracle-words.ts';

/** A question to the oracle: what `metrics` takes, as plain data. */
export interface OracleQuery {
  readonly range: readonly [string, string];
  readonly compareTo: readonly [string, string] | undefined;
  readonly groupBy: readonly string[];
  /** What is shown of rows; undefined: everything. */
  readonly measures?: readonly string[] | undefined;
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
    | { readonly dimension: string; readonly direction: 'ASC' | 'DESC' }
    | undefined;
  readonly useRollups?: boolean;
  readonly fill: boolean;
  readonly limitBy:
    | {
        readonly n: number;
        readonly dimension: string;
        readonly measure: string;
        readonly others: boolean;
        readonly keepNull: boolean;
      }
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

/** Parts, and what their quotient is multiplied by. */
const ratios: Readonly<Record<string, readonly [numerator: string, denominator: string, factor?: number]>> = {
  ctr: ['clicks', 'impressions'],
  cpc: ['cost', 'clicks'],
  cpm: ['cost', 'impressions', 1000],
  costPerConversion: ['cost', 'conversions'],
  reportedRoas: ['conversionValue', 'cost'],
  cpa: ['cost', 'leads'],
  costPerOpportunity: ['cost', 'opportunities'],
  cac: ['cost', 'closedWon'],
  cvrClickToLead: ['leads', 'clicks'],
  cvrLeadToOpp: ['opportunities', 'leads'],
  cvrOppToWon: ['closedWon', 'opportunities'],
  roas: ['revenue', 'cost'],
  averageDealSize: ['revenue', 'closedWon'],
};
const ofAds = ['impressions', 'clicks', 'cost', 'conversions', 'conversionValue'];
const outcomes = ['closedWon', 'revenue'];
const amounts = ['cost', 'conversionValue', 'revenue'];

/** What can be asked of facts. */
interface Measures {
  readonly names: readonly string[];
  readonly sums: Readonly<Record<string, Pick<OracleSum, 'from' | 'unit' | 'isOutcome'>>>;
  readonly own: readonly (readonly [string, OracleSum])[];
  readonly formulas: Readonly<Record<string, OracleFormula>>;
  readonly amounts: readonly string[];
}

const measuresBy = new Map<OracleWords | undefined, Measures>();

function measuresOf(words: OracleWords | undefined): Measures {
  const known = measuresBy.get(words) ?? readMeasures(words);
  measuresBy.set(words, known);
  return known;
}

function readMeasures(words: OracleWords | undefined): Measures {
  const standard = sumNames.map((name) => [
    name,
    {
      from: ofAds.includes(name) ? ('ads' as const) : ('crm' as const),
      unit: amounts.includes(name) ? ('money' as const) : ('count' as const),
      ...(outcomes.includes(name) && { isOutcome: true as const }),
    },
  ]);
  const quotients = Object.entries(ratios).map(([name, [numerator, denominator, factor = 1]]) => [
    name,
    {
      of: [numerator, denominator],
      isScaleFree: amounts.includes(numerator) && amounts.includes(denominator),
      value: (a: number, b: number) => (b === 0 ? null : (factor * a) / b),
    },
  ]);
  const sums: Measures['sums'] = { ...Object.fromEntries(standard), ...words?.sums };
  const formulas = { ...Object.fromEntries(quotients), ...words?.formulas };
  return {
    names: [...Object.keys(sums), ...Object.keys(formulas)],
    sums,
    own: Object.entries(words?.sums ?? {}),
    formulas,
    amounts: Object.keys(sums).filter((name) => sums[name]?.unit === 'money'),
  };
}

export const measureNamesOf = (words: OracleWords | undefined): readonly string[] => measuresOf(words).names;
/** Whether groups add up to the total. */
export const isAdditive = (name: string, words: OracleWords | undefined): boolean => {
  const sum = measuresOf(words).sums[name];
  return sum !== undefined && sum.unit !== 'different';
};

/** The sums behind some measures. */
const sumsBehind = (names: readonly string[], { formulas }: Measures): string[] => [
  ...new Set(names.flatMap((name) => formulas[name]?.of ?? [name])),
];
const amountsBehind = (name: string, measures: Measures): string[] =>
  sumsBehind([name], measures).filter((each) => measures.amounts.includes(each));

/** A fact with its money in the asked currency; null where there is no rate. */
interface Valued extends Fact {
  readonly worth?: Readonly<Record<string, number | null>>;
  /** Of a record whose outcome stands on another day: which of both. */
  readonly half?: 'lead' | 'outcome';
}

const standard: ReadonlySet<string> = new Set(sumNames);
const valueIn = (fact: Fact, name: string): number =>
  standard.has(name) ? fact[name as (typeof sumNames)[number]] : Number(fact.own?.[name] ?? 0);

const currenciesOf = (facts: readonly Valued[], names: readonly string[]): Set<string> =>
  new Set(
    names.flatMap((name) =>
      facts.filter((fact) => valueIn(fact, name) !== 0).map((fact) => String(fact.dimensions.currency)),
    ),
  );

function amountIn(facts: readonly Valued[], name: string, stored: number): number | null {
  if (facts.some(({ worth }) => worth?.[name] === null)) return null;
  if (facts.some(({ worth }) => worth !== undefined))
    return facts.reduce((sum, { worth }) => sum + (worth?.[name] ?? 0), 0);
  return currenciesOf(facts, [name]).size > 1 ? null : stored;
}

function ownSum(facts: readonly Fact[], name: string, { unit }: OracleSum): number {
  const values = facts.flatMap(({ own }) => own?.[name] ?? []);
  if (unit === 'different') return new Set(values.filter((value) => value !== '')).size;
  if (unit === 'count') return values.reduce((sum: number, value) => sum + Number(value), 0);
  return values.reduce((sum: number, value) => sum + Math.round(Number(value) * 1e6), 0) / 1e6;
}

function measure(facts: readonly Valued[], measures: Measures): Values {
  const values: Values = { ...sumUp(facts) };
  for (const [name, sum] of measures.own) values[name] = ownSum(facts, name, sum);
  for (const name of measures.amounts) values[name] = amountIn(facts, name, values[name] ?? 0);
  const isStored = facts.every(({ worth }) => worth === undefined);
  for (const [name, { of, value }] of Object.entries(measures.formulas)) {
    const operands = of.flatMap((each) => values[each] ?? []);
    const isMixed = isStored && currenciesOf(facts, amountsBehind(name, measures)).size > 1;
    values[name] = operands.length < of.length || isMixed ? null : value(...operands);
  }
  return values;
}

/** Money is not taken from money of another currency. */
const cannotDiffer = (
  name: string,
  now: readonly Valued[],
  before: readonly Valued[],
  measures: Measures,
): boolean =>
  measures.formulas[name]?.isScaleFree !== true &&
  [...now, ...before].every(({ worth }) => worth === undefined) &&
  currenciesOf([...now, ...before], amountsBehind(name, measures)).size > 1;

/** Whether a fact makes a row where these sums are asked for. */
function isRead(fact: Valued, names: readonly string[], { sums }: Measures): boolean {
  if (fact.from === 'events') return names.some((name) => fact.own?.[name] !== undefined);
  const own = names.flatMap((name) => sums[name] ?? []).filter(({ from }) => from === fact.from);
  if (fact.half === undefined) return own.length > 0;
  return own.some(({ isOutcome }) => (isOutcome === true) === (fact.half === 'outcome'));
}

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

function holds(fact: Fact, filter: OracleFilter, words: OracleWords | undefined): boolean {
  if ('and' in filter) return filter.and.every((part) => holds(fact, part, words));
  if ('or' in filter) return filter.or.some((part) => holds(fact, part, words));
  if ('not' in filter) return !holds(fact, filter.not, words);
  const actual = fact.dimensions[filter.dimension] ?? null;
  const { operator, value } = filter;
  const names = words?.alike[filter.dimension] ?? {};
  const isActual = (one: unknown): boolean =>
    (typeof one === 'string' ? (names[one] ?? one) : one) === actual;
  switch (operator) {
    case 'eq':
      return isActual(value);
    case 'ne':
      return !isActual(value);
    case 'in':
      return (value as readonly (string | null)[]).some(isActual);
    case 'notIn':
      return !(value as readonly (string | null)[]).some(isActual);
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

const between = <F extends Fact>(facts: readonly F[], [from, to]: readonly [string, string]): F[] =>
  facts.filter((fact) => fact.date >= from && fact.date <= to);

const meets: Record<string, (value: number, bound: number) => boolean> = {
  gt: (value, bound) => value > bound,
  gte: (value, bound) => value >= bound,
  lt: (value, bound) => value < bound,
  lte: (value, bound) => value <= bound,
};

/** @param hasAll each date has something to be compared to: without a group, figures are zero */
function rowOf(
  key: readonly (string | null)[],
  groups: readonly Group[],
  measures: Measures,
  hasAll = false,
): OracleRow {
  const known = groups.filter(({ isKnown }) => isKnown);
  const now = groups.flatMap((group) => group.now);
  const before = known.flatMap((group) => group.before);
  const current = measure(now, measures);
  const isUnknown = known.length === 0 && !hasAll;
  const previous: Values = isUnknown ? {} : measure(before, measures);
  const change: Values = {};
  const relativeChange: Values = {};
  for (const name of measures.names) {
    const [a = null, b = null] = [current[name], previous[name]];
    const isUnclear = a === null || b === null || cannotDiffer(name, now, before, measures);
    change[name] = isUnclear ? null : a - b;
    relativeChange[name] = isUnclear || b === 0 ? null : (a - b) / b;
  }
  return { key, current, previous, change, relativeChange };
}

/**
 * All rows that pass `having`, in no order, and the totals over them.
 *
 * @param words the team's own; the facts are told in them
 */
export function askOracle(
  facts: readonly Fact[],
  query: OracleQuery,
  rates?: OracleRates,
  words?: OracleWords,
): { rows: OracleRow[]; totals: OracleRow; groups: Groups } {
  const { where, currency, having, orderBy } = query;
  const measures = measuresOf(words);
  const asked = [
    ...(query.measures ?? measures.names),
    ...(having ? [having.measure] : []),
    ...(orderBy && 'measure' in orderBy ? [orderBy.measure] : []),
  ];
  const sums = sumsBehind(asked, measures);
  const valued = facts.map(
    (fact): Valued =>
      currency === undefined ? fact : { ...fact, worth: worthOf(fact, currency, rates, measures) },
  );
  const dated = query.crmDate === 'CLOSED' ? valued.flatMap((fact) => byClosing(fact, measures)) : valued;
  const filtered = where === undefined ? dated : dated.filter((fact) => holds(fact, where, words));
  const shift = query.compareTo === undefined ? 0 : time(query.range[0]) - time(query.compareTo[0]);
  const inRange = between(filtered, query.range);
  const now = inRange.filter((fact) => isRead(fact, sums, measures));
  const before =
    query.compareTo === undefined
      ? []
      : between(filtered, query.compareTo)
          .filter((fact) => isRead(fact, sums, measures))
          .map((fact) => ({ ...fact, date: iso(time(fact.date) + shift) }));

  const top = query.limitBy && largest(inRange, query.limitBy, measures);
  const keep = (fact: Fact): boolean =>
    top === undefined ||
    query.limitBy?.others === true ||
    top.has(fact.dimensions[query.limitBy?.dimension ?? ''] ?? null);
  const placeOf = (fact: Fact, name: string): string | null => {
    if (name === 'date') return bucketOf(fact.date, query.granularity, query.weekStart);
    const value = fact.dimensions[name] ?? null;
    return top !== undefined && name === query.limitBy?.dimension && !top.has(value) ? '(other)' : value;
  };
  const sides = new Set(sums.map((name) => measures.sums[name]?.from));
  const firstKnown = firstKnownBucket(
    facts.filter(({ from }) => sides.has(from)),
    query,
    shift,
  );
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
  const rows: OracleRow[] = [];
  const passed: Group[] = [];
  for (const group of groups.values()) {
    const row = rowOf(group.key, [group], measures);
    if (having) {
      const value = row[having.of as 'current'][having.measure] ?? null;
      if (value === null || meets[having.operator]?.(value, having.value) !== true) continue;
    }
    rows.push(row);
    passed.push(group);
  }
  const firstBucket = bucketOf(query.range[0], query.granularity, query.weekStart);
  const hasAll = firstKnown !== 'none' && (firstKnown <= firstBucket || !query.groupBy.includes('date'));
  const totals = rowOf([], passed, measures, hasAll);
  return { rows, totals, groups: new Map(passed.map((group) => [JSON.stringify(group.key), group])) };
}

/** A won record as two: the lead on its own day, and what came of it on the day it was closed. */
function byClosing(fact: Valued, { sums }: Measures): Valued[] {
  if (fact.from !== 'crm') return [fact];
  const isOutcome = (name: string): boolean => sums[name]?.isOutcome === true;
  const only = <T>(values: Readonly<Record<string, T>> = {}, outcome: boolean): Record<string, T> =>
    Object.fromEntries(Object.entries(values).filter(([name]) => isOutcome(name) === outcome));
  const half = (name: 'lead' | 'outcome'): Pick<Valued, 'half' | 'own' | 'worth'> => ({
    half: name,
    own: only(fact.own, name === 'outcome'),
    ...(fact.worth && { worth: only(fact.worth, name === 'outcome') }),
  });
  const lead = { ...fact, ...half('lead'), closedWon: 0, revenue: 0 };
  if (fact.closedWon === 0) return [lead];
  return [
    lead,
    { ...fact, ...half('outcome'), date: fact.closedOn ?? fact.date, leads: 0, opportunities: 0 },
  ];
}

/** Money at the rate of the fact's own day, before any comparison moves it to another. */
function worthOf(
  fact: Fact,
  currency: string,
  rates: OracleRates | undefined,
  { amounts: names }: Measures,
): Record<string, number | null> {
  const rate = rates?.(fact.date, String(fact.dimensions.currency), currency) ?? null;
  const worth = (amount: number): number | null => (amount === 0 ? 0 : rate === null ? null : amount * rate);
  return Object.fromEntries(names.map((name) => [name, worth(valueIn(fact, name))]));
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
export function subtotal(
  groups: Groups,
  groupBy: readonly string[],
  level: readonly string[],
  words?: OracleWords,
): OracleRow[] {
  const again = new Map<string, { key: (string | null)[]; groups: Group[] }>();
  for (const group of groups.values()) {
    const key = level.map((name) => group.key[groupBy.indexOf(name)] ?? null);
    const known = again.get(JSON.stringify(key)) ?? { key, groups: [] };
    known.groups.push(group);
    again.set(JSON.stringify(key), known);
  }
  return [...again.values()].map((level) => rowOf(level.key, level.groups, measuresOf(words)));
}

interface Group {
  readonly key: readonly (string | null)[];
  readonly now: Valued[];
  readonly before: Valued[];
  /** Whether there is anything to compare to. */
  readonly isKnown: boolean;
}
type Groups = Map<string, Group>;

/** The n values with most of a sum; ties by name, null last, or beside them. */
function largest(
  facts: readonly Valued[],
  { n, dimension, measure: by, keepNull }: NonNullable<OracleQuery['limitBy']>,
  measures: Measures,
): Set<string | null> {
  const groups = new Map<string | null, Valued[]>();
  const sums = sumsBehind([by], measures);
  for (const fact of facts.filter((each) => isRead(each, sums, measures))) {
    const value = fact.dimensions[dimension] ?? null;
    groups.set(value, [...(groups.get(value) ?? []), fact]);
  }
  const ranked = [...groups].map(([value, group]) => ({
    value,
    // Without the noise of fractions, which the program adds up as decimals: what is equal is a tie.
    amount: Number((measure(group, measures)[by] ?? Number.NEGATIVE_INFINITY).toPrecision(12)),
  }));
  ranked.sort(
    (a, b) =>
      b.amount - a.amount || (a.value === null ? 1 : b.value === null ? -1 : a.value < b.value ? -1 : 1),
  );
  const values = ranked.map(({ value }) => value);
  return new Set(
    keepNull ? [null, ...values.filter((value) => value !== null).slice(0, n)] : values.slice(0, n),
  );
}
