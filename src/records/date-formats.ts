import { type Day, dayOf } from './day.ts';

/** A date format of a source, in addition to the formats that are unambiguous. */
export interface DateFormat {
  /** The format as configured, such as `DD.MM.YYYY`. */
  readonly text: string;
  /**
   * Reads the date at the beginning of a text. Returns its day and its length; the text after it may be a time. The day is
   * undefined if it does not exist.
   */
  read(text: string): { readonly day: Day | undefined; readonly length: number } | undefined;
  /** The format with its parts replaced. Two formats of one shape match the same texts. */
  readonly shape: string;
  /** The order of year, month and day. Formats of one shape and one order are equal. */
  readonly order: string;
  /** True if dates consist of digits only, so that a number can be a date. */
  readonly isDigits: boolean;
}

/** An entry of the list of formats: numbers of up to eleven digits are seconds since 1970. */
export const epochSeconds = 'epoch_seconds';

const monthNames = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

const tokens = /YYYY|YY|MMMM|MMM|MM|M|DD|D/g;
// All forms of a time are read alike, so a format may name any of them.
const timeTail = /(?:T| |, )(?:HH?|hh?):mm(?::ss(?:\.[Sf]+)?)?(?: ?[Aa])?(?: ?Z{1,2})?$/;

const patterns: Readonly<Record<string, { part: 'year' | 'month' | 'day'; pattern: string }>> = {
  YYYY: { part: 'year', pattern: String.raw`(\d{4})` },
  YY: { part: 'year', pattern: String.raw`(\d{2})` },
  MMMM: { part: 'month', pattern: String.raw`([A-Za-z]{3,9})\.?` },
  MMM: { part: 'month', pattern: String.raw`([A-Za-z]{3,9})\.?` },
  MM: { part: 'month', pattern: String.raw`(\d{1,2})` },
  M: { part: 'month', pattern: String.raw`(\d{1,2})` },
  DD: { part: 'day', pattern: String.raw`(\d{1,2})` },
  D: { part: 'day', pattern: String.raw`(\d{1,2})` },
};

/**
 * Parses a format such as `DD.MM.YYYY`, `D-M-YYYY`, `YYYYMMDD`, `MMM D, YYYY` or `MM/DD/YYYY hh:mm A`. A time may follow each
 * date, even if the format does not name one.
 *
 * @returns undefined unless the format names a year, a month and a day, each once
 */
export function parseDateFormat(text: string): DateFormat | undefined {
  const date = text.trim().replace(timeTail, '');
  const parts = [...date.matchAll(tokens)].map(([token]) => ({ token, ...patterns[token] }));
  const order = parts.map(({ part }) => part).join(' ');
  const rest = date.replace(tokens, '');
  if (parts.length !== 3 || new Set(parts.map(({ part }) => part)).size !== 3 || /[A-Za-z0-9]/.test(rest)) {
    return undefined;
  }
  const isDigits = rest === '' && parts.every(({ token }) => token !== 'MMM' && token !== 'MMMM');
  if (isDigits && parts.some(({ token }) => token.length < 2)) return undefined;
  const pattern = date
    .replace(/[^A-Za-z\s]/g, String.raw`\$&`)
    .replace(/\s+/g, String.raw`\s+`)
    .replace(/YYYY|YY|MMMM|MMM|MM|(?<!\\)M|DD|D/g, (token) =>
      isDigits ? String.raw`(\d{${token.length}})` : (patterns[token]?.pattern ?? ''),
    );
  // A digit after the date would belong to its last part.
  const expression = new RegExp(`^${pattern}(?!\\d)`);
  return {
    text,
    order,
    isDigits,
    shape: isDigits ? `${date.length} digits` : date.replace(tokens, shapeOf),
    read(written) {
      const match = expression.exec(written);
      if (match === null) return undefined;
      const named = Object.fromEntries(parts.map(({ part }, index) => [part, match[index + 1] ?? '']));
      const { year = '', month = '', day = '' } = named;
      return { day: dayOf(yearOf(year), monthOf(month), Number(day)), length: match[0].length };
    },
  };
}

const shapeOf = (token: string): string =>
  token === 'YYYY' ? 'y' : token === 'MMM' || token === 'MMMM' ? 'a' : 'n';

const yearOf = (digits: string): number => Number(digits) + (digits.length === 2 ? 2_000 : 0);

/** Returns the number of a month; 0 for an unknown name. */
function monthOf(text: string): number {
  if (/^\d/.test(text)) return Number(text);
  const name = text.toLowerCase();
  const short = name === 'sept' ? 'sep' : name;
  return monthNames.findIndex((month) => month === short || month.slice(0, 3) === short) + 1;
}

/**
 * Returns what is wrong with a list of formats; undefined if it is valid. Two formats that read one text as two days are an error
 * together: utmql never guesses the meaning of `01/02/2025`.
 */
export function dateFormatsProblem(formats: readonly string[]): string | undefined {
  const known: DateFormat[] = [];
  for (const text of formats) {
    if (text === epochSeconds) continue;
    const format = parseDateFormat(text);
    if (format === undefined) {
      const which = formats.length === 1 ? '' : `${JSON.stringify(text)} is no format; `;
      return `${which}accepted: ${acceptedDateFormats}`;
    }
    const other = known.find(({ shape, order }) => shape === format.shape && order !== format.order);
    if (other !== undefined)
      return `has ${other.text} and ${text}, which read one date as two different days`;
    known.push(format);
  }
  return undefined;
}

export const acceptedDateFormats = `a year (YYYY, YY), a month (MM, M, MMM) and a day (DD, D) in their order, such as MM/DD/YYYY, DD.MM.YYYY or YYYYMMDD; or ${epochSeconds}`;
