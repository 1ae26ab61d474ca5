import type { Fact } from './oracle.ts';
import type { Alike } from './oracle-attribution.ts';

export type Dimensions = Fact['dimensions'];

/** What is added up of facts. */
export interface OracleSum {
  readonly from: Fact['from'];
  readonly unit: 'count' | 'quantity' | 'money' | 'different';
  /** Stands on the day that a record was closed, where that is asked for. */
  readonly isOutcome?: true;
  /** Of different values: '' is none. */
  readonly of: (fact: Fact) => number | string;
  /** Undefined: all. */
  readonly where?: (fact: Fact) => boolean;
  /** Of the money of events. */
  readonly currency?: (fact: Fact) => string | null;
}

/** What is worked out of sums, none of which is null. */
export interface OracleFormula {
  readonly of: readonly string[];
  /** The same in every currency. */
  readonly isScaleFree: boolean;
  readonly value: (...sums: number[]) => number | null;
}

/** A team's own words as plain functions. */
export interface OracleWords {
  readonly alike: Alike;
  readonly dimensions: Readonly<Record<string, (of: Dimensions) => string | null>>;
  readonly sums: Readonly<Record<string, OracleSum>>;
  readonly formulas: Readonly<Record<string, OracleFormula>>;
}

/** The facts as the team calls them. An event stands once for all that is no money, and once for each sum of money. */
export function inOwnWords(facts: readonly Fact[], words: OracleWords): Fact[] {
  const sums = Object.entries(words.sums);
  const named = (fact: Fact, dimensions: Dimensions, counted: typeof sums): Fact => ({
    ...fact,
    dimensions: {
      ...dimensions,
      ...Object.fromEntries(Object.entries(words.dimensions).map(([name, read]) => [name, read(dimensions)])),
    },
    own: Object.fromEntries(counted.map(([name, { of }]) => [name, of(fact)])),
  });
  return facts.flatMap((stored) => {
    const fact = { ...stored, dimensions: canonical(stored.dimensions, words.alike) };
    const counted = sums.filter(([, { from, where }]) => from === fact.from && where?.(fact) !== false);
    const ofMoney = counted.filter(([, { currency }]) => currency !== undefined);
    const others = counted.filter(([, { currency }]) => currency === undefined);
    return [
      ...(fact.from === 'events' && others.length === 0 ? [] : [named(fact, fact.dimensions, others)]),
      ...ofMoney.map((each) =>
        named(fact, { ...fact.dimensions, currency: each[1].currency?.(fact) ?? null }, [each]),
      ),
    ];
  });
}

const canonical = (dimensions: Dimensions, alike: Alike): Dimensions =>
  Object.fromEntries(
    Object.entries(dimensions).map(([name, value]) => [name, alike[name]?.[value ?? ''] ?? value]),
  );
