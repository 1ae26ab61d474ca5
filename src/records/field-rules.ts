import type { Notation } from './numerals.ts';

/** How to read the field values of a source. */
export interface FieldRules {
  /** The IANA time zone for the day of an instant and for times without an offset. */
  readonly timezone: string;
  /** The currency of records that name none. */
  readonly currency: string;
  /** Additional date formats, validated by `dateFormatsProblem`. */
  readonly dateFormats?: readonly string[] | undefined;
  /** The notation of numbers; without it only the form `1234.56` is accepted. */
  readonly notation?: Notation | undefined;
  /** The power of ten that converts a figure to units, by field: -6 for micros. */
  readonly scale?: Readonly<Record<string, number>> | undefined;
  /** The words that mean "no value", instead of the usual ones. */
  readonly missing?: readonly string[] | undefined;
}

/** A record as received. */
export type RawFields = Readonly<Record<string, unknown>>;

/**
 * Maximum length of a number or a date. Longer texts are not matched against patterns, whose time grows faster than the length of
 * the text.
 */
export const maxFigureLength = 256;

/** Maximum number of memoized texts; beyond it the cache is cleared, so that high-cardinality text does not fill memory. */
const maxMemoized = 20_000;

/** Returns `read` with a cache of its results. Errors are not cached. */
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
