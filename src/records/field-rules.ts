import type { Notation } from './numerals.ts';

/** How the values of a source's fields are written. */
export interface FieldRules {
  /** Days of instants are taken in this IANA time zone, and times without an offset are of it. */
  readonly timezone: string;
  /** Taken where a record names no currency. */
  readonly currency: string;
  /** Formats of dates beside the usual ones, checked by `dateFormatsProblem`. */
  readonly dateFormats?: readonly string[] | undefined;
  /** How numbers are written; without it only as in `1234.56`. */
  readonly notation?: Notation | undefined;
  /** Figure → the power of ten that makes units of it: -6 for micros. */
  readonly scale?: Readonly<Record<string, number>> | undefined;
  /** Words that stand for nothing, in place of the usual ones. */
  readonly missing?: readonly string[] | undefined;
}

/** A record as it came. */
export type RawFields = Readonly<Record<string, unknown>>;

/** No number and no date is longer; patterns are not tried on what is, since they take more than twice as long for twice as much. */
export const maxFigureLength = 256;

/** Entries beyond this make a memory start anew: high-cardinality text must not fill it. */
const maxMemoized = 20_000;

/** Reads a text once, and remembers what it was read as. What throws is read again. */
export function memoized<T>(read: (text: string, field: string) => T): typeof read {
  const known = new Map<string, T>();
  return (text, field) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const value = read(text, field);
    if (known.size >= maxMemoized) known.clear();
    known.set(text, value);
    return value;
  };
}
