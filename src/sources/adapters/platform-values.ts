import { UtmqlError } from '../../errors.ts';
import { isObject, type JsonObject } from '../../formats/json/parse.ts';

/** The error for a row that covers several days: stored on the first of them, it would make every daily figure wrong. */
export const multiDayRowError = (parameter: string): UtmqlError =>
  new UtmqlError(
    'SOURCE_MALFORMED',
    `The source sums up several days in one row; ask it for one row a day with ${parameter}.`,
  );

/** Returns `value` if it is an object, else an empty object, whose fields are all missing. */
export const asObject = (value: unknown): JsonObject => (isObject(value) ? value : {});

/**
 * Converts millionths of a currency unit to exact decimal text: `350750000` → `350.750000`. Returns anything but a whole number
 * unchanged, for the normaliser to reject.
 */
export function microsToDecimal(micros: unknown): unknown {
  const match = /^\s*(-?)(\d+)\s*$/.exec(typeof micros === 'number' ? String(micros) : asText(micros));
  if (match === null) return micros;
  const digits = (match[2] ?? '').padStart(7, '0');
  return `${match[1]}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

export const asText = (value: unknown): string => (typeof value === 'string' ? value : '');
