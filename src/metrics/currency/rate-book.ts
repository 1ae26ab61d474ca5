import type { Day } from '../../records/day.ts';

/** One unit of `base` is worth `rate` units of `quote` on a day. */
export interface ExchangeRate {
  readonly day: Day;
  readonly base: string;
  readonly quote: string;
  readonly rate: number;
}

/** What a unit of one currency is worth in another, and of which day that is. */
interface DatedRate {
  readonly rate: number;
  readonly day: Day;
}

/** A day without a rate (weekend, holiday) takes the latest of so many days before it. */
const mostDaysBack = 7;

/** The exchange rates of a workspace. Pure: what is restated makes a new book. */
export interface RateBook {
  readonly isEmpty: boolean;
  /** Before it no day has a rate, nor after `lastDay`; 0 for both where there are no rates. */
  readonly firstDay: Day;
  readonly lastDay: Day;
  /** The currencies that have a rate to `target` on any day, in alphabetical order, without `target` itself. */
  currencies(target: string): readonly string[];
  /** The rate of a day, or else the latest of the seven days before it; undefined: there is none. */
  rate(day: Day, from: string, target: string): DatedRate | undefined;
}

/**
 * Rates hold in both directions. Where a day has no rate of two currencies, it is worked out of the fewest others of the same
 * day that lead from one to the other: SEK to USD through EUR. A stored rate goes before the inverse of another.
 */
export function createRateBook(rates: readonly ExchangeRate[]): RateBook {
  const byDay = new Map<Day, Map<string, Map<string, number>>>();
  const note = (day: Day, from: string, to: string, rate: number): void => {
    const ofDay = byDay.get(day) ?? new Map<string, Map<string, number>>();
    byDay.set(day, ofDay);
    const ofCurrency = ofDay.get(from) ?? new Map<string, number>();
    ofDay.set(from, ofCurrency);
    ofCurrency.set(to, rate);
  };
  for (const { day, base, quote, rate } of rates) note(day, quote, base, 1 / rate);
  // Last, so that a stored rate stays where both directions are stored.
  for (const { day, base, quote, rate } of rates) note(day, base, quote, rate);

  const days = [...byDay.keys()];

  /** By target and day: what a unit of each currency is worth. */
  const worths = new Map<string, Map<Day, ReadonlyMap<string, number>>>();
  const worthsOn = (day: Day, target: string): ReadonlyMap<string, number> => {
    const ofTarget = worths.get(target) ?? new Map<Day, ReadonlyMap<string, number>>();
    worths.set(target, ofTarget);
    const known = ofTarget.get(day) ?? worthsIn(target, byDay.get(day));
    ofTarget.set(day, known);
    return known;
  };

  return {
    isEmpty: rates.length === 0,
    firstDay: rates.length === 0 ? 0 : days.reduce((first, day) => Math.min(first, day)),
    lastDay: rates.length === 0 ? 0 : days.reduce((last, day) => Math.max(last, day)) + mostDaysBack,
    currencies(target) {
      const found = new Set<string>();
      for (const day of byDay.keys()) for (const name of worthsOn(day, target).keys()) found.add(name);
      found.delete(target);
      return [...found].sort();
    },
    rate(day, from, target) {
      if (from === target) return { rate: 1, day };
      for (let at = day; at >= day - mostDaysBack; at -= 1) {
        if (!byDay.has(at)) continue;
        const rate = worthsOn(at, target).get(from);
        if (rate !== undefined) return { rate, day: at };
      }
      return undefined;
    },
  };
}

/** Walks from the target outwards, so that each currency is reached over the fewest rates; of as many, the first in the alphabet. */
function worthsIn(
  target: string,
  rates: ReadonlyMap<string, ReadonlyMap<string, number>> | undefined,
): ReadonlyMap<string, number> {
  const worth = new Map([[target, 1]]);
  if (rates === undefined) return worth;
  let reached = [target];
  while (reached.length > 0) {
    const next = new Set<string>();
    for (const name of reached)
      for (const other of [...(rates.get(name)?.keys() ?? [])].sort()) {
        if (worth.has(other)) continue;
        worth.set(other, (rates.get(other)?.get(name) ?? 0) * (worth.get(name) ?? 0));
        next.add(other);
      }
    reached = [...next].sort();
  }
  return worth;
}
