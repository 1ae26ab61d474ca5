import type { Raw } from './oracle.ts';

/** What a unit of the second currency was worth in the third on a day; undefined: nobody knows. */
export type OracleRates = (date: string, from: string, to: string) => number | undefined;

/** The rules of exchange rates once more, in plain words and slow: each is worked out once. */
export function readRates(rows: readonly Raw[]): OracleRates {
  const known = new Map<string, number | undefined>();
  return (date, from, to) => {
    const key = `${date} ${from} ${to}`;
    if (!known.has(key)) known.set(key, rateOn(rows, date, from, to));
    return known.get(key);
  };
}

function rateOn(rows: readonly Raw[], date: string, from: string, to: string): number | undefined {
  if (from === to) return 1;
  for (let back = 0; back <= 7; back += 1) {
    const day = new Date(Date.parse(`${date}T00:00:00Z`) - back * 86_400_000).toISOString().slice(0, 10);
    const found = pathOn(
      rows.filter((row) => row.date === day),
      from,
      to,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

/** By the fewest steps: tries all ways of one step, then of two, and so on. */
function pathOn(rows: readonly Raw[], from: string, to: string): number | undefined {
  const step = (one: string, other: string): number | undefined => {
    const own = rows.find((row) => row.base === one && row.quote === other);
    if (own !== undefined) return Number(own.rate);
    const inverse = rows.find((row) => row.base === other && row.quote === one);
    return inverse === undefined ? undefined : 1 / Number(inverse.rate);
  };
  const names = [...new Set(rows.flatMap((row) => [String(row.base), String(row.quote)]))].sort();
  let ways: { at: string; rate: number }[] = [{ at: from, rate: 1 }];
  for (let steps = 0; steps < names.length; steps += 1) {
    const next = ways.flatMap(({ at, rate }) =>
      names.flatMap((name) => {
        const own = step(at, name);
        return own === undefined ? [] : [{ at: name, rate: rate * own }];
      }),
    );
    const there = next.find(({ at }) => at === to);
    if (there !== undefined) return there.rate;
    ways = next.filter(({ at }, index) => next.findIndex((other) => other.at === at) === index);
  }
  return undefined;
}
