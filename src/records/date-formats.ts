import { type Day, dayOf } from './day.ts';

/** How a source writes its dates beside the forms that can be read in one way only. */
export interface DateFormat {
  /** As the source's settings say it, such as `DD.MM.YYYY`. */
  readonly text: string;
  /** The day that the beginning of a text names; its length tells where a time may follow. */
  read(text: string): { readonly day: Day | undefined; readonly length: number } | undefined;
  /** Two formats of one shape would take each other's dates. */
  readonly shape: string;
  /** Of the parts in their order: formats of one shape and one order are the same. */
  readonly order: string;
  /** Written in digits alone, so that a number may be one. */
  readonly isDigits: boolean;
}

/** Stands in the list of formats: numbers of up to eleven digits are seconds since 1970. */
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
// The forms of a time are read alike, whichever of them a format names.
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
 * A format such as `DD.MM.YYYY`, `D-M-YYYY`, `YYYYMMDD`, `MMM D, YYYY` or `MM/DD/YYYY hh:mm A`. Behind each date a time may
 * stand, whether the format names it or not.
 *
 * @returns undefined when it does not name a year, a month and a day, each once
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
  // A digit behind the date would belong to its last part.
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

/** 0, which no month has, for a name that is none. */
function monthOf(text: string): number {
  if (/^\d/.test(text)) return Number(text);
  const name = text.toLowerCase();
  const short = name === 'sept' ? 'sep' : name;
  return monthNames.findIndex((month) => month === short || month.slice(0, 3) === short) + 1;
}

/**
 * What is wrong with a list of formats; undefined when all is well. Formats that could read one text in two ways are wrong
 * together: `01/02/2025` is never guessed.
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
