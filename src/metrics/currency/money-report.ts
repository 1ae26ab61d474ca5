import { type Day, parseIsoDay } from '../../records/day.ts';
import { spansOf, stretchesOf } from '../day-spans.ts';
import type { MetricsLoader } from '../loader.ts';
import { catalogueOf } from '../model.ts';
import { type DayRange, emptyQuery, type MetricsQuery, type MetricsRow } from '../query.ts';
import { isMeasure, type SumName } from '../registry.ts';
import type { Warning } from '../warnings.ts';
import type { Conversion } from './conversion.ts';

/** Sums of money that a query reads. */
type Amounts = ReadonlyMap<SumName, number>;

/** Money that has no rate, in its own currency. */
export interface Unconverted {
  readonly currency: string;
  readonly amounts: Amounts;
}

/** The days of the rates that count in an answer, and how many days the oldest is older than its rows. */
export interface RatesUsed {
  readonly from: Day;
  readonly to: Day;
  readonly oldest: number;
}

/** What the money of an answer is made of. */
export interface MoneyReport {
  /** The currency of the answer's money; null where it is of several, or there is none. */
  readonly currency: string | null;
  readonly rates: RatesUsed | null;
  readonly unconverted: readonly Unconverted[];
  readonly warnings: readonly Warning[];
}

/** A currency's money of some days. */
interface Money {
  readonly currency: string;
  readonly day: Day;
  readonly amounts: Amounts;
}

/** Looks at the money behind a query's figures, of the range and of what it is compared to, by currency. */
export async function reportMoney(
  query: MetricsQuery,
  metrics: Pick<MetricsLoader, 'load'>,
): Promise<MoneyReport> {
  const { conversion } = query;
  const nothing = { currency: conversion?.currency ?? null, rates: null, unconverted: [], warnings: [] };
  const amounts = amountsOf(query);
  if (amounts.length === 0) return nothing;
  const load = async (by: 'currency' | 'day', only: readonly string[] | undefined): Promise<Money[]> => {
    const ranges = [query.range, ...(query.compareTo ? [query.compareTo.range] : [])];
    const found = await Promise.all(
      ranges.map(async (range) => metrics.load(moneyQuery(query, range, amounts, by, only))),
    );
    return found
      .flatMap(({ rows }) => rows.map((row) => readMoney(row, amounts)))
      .filter((money) => [...money.amounts.values()].some((amount) => amount !== 0));
  };
  const currencies = [...new Set((await load('currency', undefined)).map(({ currency }) => currency))].sort();
  if (conversion === undefined) {
    const isTold = query.groupBy.includes('currency') && !query.wants.totals;
    return {
      ...nothing,
      currency: currencies.length === 1 ? currencies[0] || null : null,
      warnings: currencies.length > 1 && !isTold ? [mixedCurrencies(currencies)] : [],
    };
  }
  const foreign = currencies.filter((currency) => currency !== conversion.currency);
  if (foreign.length === 0) return nothing;
  const byDay = await load('day', foreign);
  const { rates, missing } = checkRates(byDay, conversion);
  return {
    currency: conversion.currency,
    rates,
    unconverted: foreign.flatMap((currency) => sumUp(currency, missing)),
    warnings: foreign.flatMap((currency) => missingRate(currency, missing, conversion)),
  };
}

/** The sums of money that a query reads. */
export function amountsOf({
  measures,
  having,
  orderBy,
  model,
}: Pick<MetricsQuery, 'measures' | 'having' | 'orderBy' | 'model'>): SumName[] {
  const { sumsOf, isAmount } = catalogueOf(model);
  const named = [...measures, ...having.map(({ measure }) => measure), ...orderBy.map(({ by }) => by)];
  return [...new Set(named.filter(isMeasure).flatMap(sumsOf).filter(isAmount))];
}

/** Of the money of events that do not say. */
const noCurrency = '';
const shownCurrency = (currency: string): string => (currency === noCurrency ? 'unknown' : currency);

/** More rows than there are days and currencies in an answer of the store. */
const mostRows = 99_999;

function moneyQuery(
  { workspace, policy, model, where, fold, crmDate, useRollups }: MetricsQuery,
  range: DayRange,
  amounts: MetricsQuery['measures'],
  by: 'currency' | 'day',
  only: readonly string[] | undefined,
): MetricsQuery {
  const values = only?.map((currency) => (currency === noCurrency ? null : currency));
  const those = values && ({ dimension: 'currency', operator: 'in', values } as const);
  return {
    ...emptyQuery,
    workspace,
    policy,
    model,
    range,
    useRollups,
    crmDate,
    // Money is converted by the rate of the day that it is stored on.
    dateOf: 'record',
    groupBy: by === 'day' ? ['date', 'currency'] : ['currency'],
    where: where && those ? { and: [where, those] } : (where ?? those),
    fold: fold?.others ? undefined : fold,
    limit: mostRows,
    measures: amounts,
  };
}

const readMoney = (row: MetricsRow, amounts: readonly SumName[]): Money => ({
  currency: row.currency ?? noCurrency,
  day: parseIsoDay(row.date ?? '') ?? 0,
  amounts: new Map(amounts.map((name) => [name, row[name] ?? 0])),
});

const mixedCurrencies = (currencies: readonly string[]): Warning => ({
  code: 'MIXED_CURRENCIES',
  message: `Money is in several currencies (${currencies.map(shownCurrency).join(', ')}) and there are no exchange rates, so figures over more than one currency are null. Group or filter by currency, or store exchange rates.`,
});

function checkRates(
  money: readonly Money[],
  { book, currency: target }: Conversion,
): { rates: RatesUsed | null; missing: readonly Money[] } {
  const rated = money.map((each) => ({ each, rate: book.rate(each.day, each.currency, target) }));
  const missing = rated.flatMap(({ each, rate }) => (rate === undefined ? [each] : []));
  const used = rated.flatMap(({ each, rate }) =>
    rate === undefined ? [] : [{ day: each.day, of: rate.day }],
  );
  if (used.length === 0) return { rates: null, missing };
  const rates = {
    from: Math.min(...used.map(({ of }) => of)),
    to: Math.max(...used.map(({ of }) => of)),
    oldest: Math.max(...used.map(({ day, of }) => day - of)),
  };
  return { rates, missing };
}

function sumUp(currency: string, missing: readonly Money[]): Unconverted[] {
  const own = missing.filter((each) => each.currency === currency);
  const [first] = own;
  if (first === undefined) return [];
  const sum = (name: SumName): number =>
    own.reduce((millionths, { amounts }) => millionths + Math.round((amounts.get(name) ?? 0) * 1e6), 0) / 1e6;
  return [
    {
      currency: shownCurrency(currency),
      amounts: new Map([...first.amounts.keys()].map((name) => [name, sum(name)])),
    },
  ];
}

function missingRate(
  currency: string,
  missing: readonly Money[],
  { currency: target }: Conversion,
): Warning[] {
  const days = [...new Set(missing.filter((each) => each.currency === currency).map(({ day }) => day))];
  if (days.length === 0) return [];
  const spans = spansOf(stretchesOf(days.sort((a, b) => a - b)));
  if (currency === noCurrency)
    return [
      {
        code: 'MISSING_RATE',
        message: `Events of ${spans} do not say what currency their money is in, so figures with it are null. \`unconverted\` says how much it is.`,
      },
    ];
  return [
    {
      code: 'MISSING_RATE',
      message: `There is no exchange rate of ${currency} to ${target} for ${spans}, nor for the seven days before, so figures with money of these days are null. \`unconverted\` says how much it is.`,
    },
  ];
}
