import { UtmqlError } from '../../errors.ts';
import { isObject, type Raw } from '../../formats/json/parse.ts';

/** A row that sums up several days would be taken for the first of them, and every figure by day would be wrong. */
export const severalDays = (parameter: string): UtmqlError =>
  new UtmqlError(
    'SOURCE_MALFORMED',
    `The source sums up several days in one row; ask it for one row a day with ${parameter}.`,
  );

/** An object within an element; empty where there is none, so that its fields are missing. */
export const objectOf = (value: unknown): Raw => (isObject(value) ? value : {});

/**
 * An amount in millionths of the currency's unit as a decimal text, to the last digit: `350750000` → `350.750000`. What is no
 * whole number stays as it is, for the normaliser to reject.
 */
export function amountOfMicros(micros: unknown): unknown {
  const match = /^\s*(-?)(\d+)\s*$/.exec(typeof micros === 'number' ? String(micros) : textOf(micros));
  if (match === null) return micros;
  const digits = (match[2] ?? '').padStart(7, '0');
  return `${match[1]}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
