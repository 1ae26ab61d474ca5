import { createDateReader, type DateReader, type ReadDate } from './dates.ts';
import { createDayOfInstant, type Day, firstDay, formatDay, lastDay } from './day.ts';
import { createGapTest } from './gaps.ts';
import { createInstantOfLocal } from './local-time.ts';
import {
  createNumeralReader,
  mayStandFor,
  type Notation,
  type Numeral,
  notationsOf,
  shiftDecimal,
} from './numerals.ts';
import { RejectError, type Repairs, show } from './outcome.ts';
import {
  isTemplate,
  maxRawLength,
  maxTextLength,
  normaliseIdentifier,
  normaliseLabel,
  normaliseName,
  readableText,
  unknown,
} from './text.ts';

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

type Raw = Readonly<Record<string, unknown>>;

/** Entries beyond this make the cache start anew: high-cardinality text must not fill memory. */
const cacheSize = 20_000;

/**
 * Reads the fields of raw records by the rules of one source. Pure but for caches of what it has read before.
 * `Name` are the fields that the record's contract names: no other can be read.
 */
export class FieldReader<Name extends string> {
  private readonly dayOfInstant: (epochMs: number) => Day;
  private readonly labels = new Map<
    string,
    { readonly label: string; readonly repair: 'normalised_text' | 'template_to_unknown' | undefined }
  >();
  private readonly days = new Map<string, Day>();

  private readonly instantOfLocal: (local: number) => number;
  private readonly dates: DateReader;
  private readonly readNumeral: (text: string) => Numeral;
  /** Whether a text stands for nothing. */
  readonly isGap: (text: string) => boolean;

  constructor(private readonly rules: FieldRules) {
    this.dayOfInstant = createDayOfInstant(rules.timezone);
    this.instantOfLocal = createInstantOfLocal(rules.timezone);
    this.dates = createDateReader(rules.dateFormats);
    this.readNumeral = createNumeralReader(rules.notation);
    this.isGap = createGapTest(rules.missing);
  }

  /** A channel or UTM value. */
  label(raw: Raw, field: Name, repairs: Repairs): string {
    const value = raw[field];
    if (value === undefined || value === null || value === '') {
      repairs.note('missing_to_unknown');
      return unknown;
    }
    const text = typeof value === 'string' ? value : this.textOf(value, field);
    let known = this.labels.get(text);
    if (known === undefined) {
      known = this.readLabel(text, field);
      if (this.labels.size >= cacheSize) this.labels.clear();
      this.labels.set(text, known);
    }
    if (known.repair !== undefined) repairs.note(known.repair);
    else if (known.label === unknown && text !== unknown) repairs.note('missing_to_unknown');
    return known.label;
  }

  /** A name for a group of rows, in its own case; `unknown` where it is missing. */
  groupName(value: unknown, field: string, maxLength: number, repairs: Repairs): string {
    if (this.isMissing(value)) {
      repairs.note('missing_to_unknown');
      return unknown;
    }
    const given = typeof value === 'string' ? value : this.textOf(value, field);
    if (given.length > maxRawLength) throw tooLong(field, given.length, maxRawLength);
    const name = normaliseName(wholeCharacters(given, field));
    if (this.isGap(name) || isTemplate(name)) {
      repairs.note(this.isGap(name) ? 'missing_to_unknown' : 'template_to_unknown');
      return unknown;
    }
    if (name.length > maxLength) throw tooLong(field, name.length, maxLength);
    if (name !== given) repairs.note('normalised_text');
    return name;
  }

  /** An identifier that the record is known by; without it the record is rejected. */
  identifier(raw: Raw, field: Name): string {
    const text = this.optionalIdentifier(raw, field);
    if (text === '') throw new RejectError('missing_field', field, `${field} is missing.`);
    return text;
  }

  /** An identifier, or the empty text where there is none. */
  optionalIdentifier(raw: Raw, field: Name, maxLength = maxTextLength): string {
    const value = raw[field];
    if (value === undefined || value === null) return '';
    if (typeof value === 'string' && exponentForm.test(value)) throw lostDigits(field, value);
    const given = typeof value === 'string' ? value : this.textOf(value, field);
    if (given.length > maxRawLength) throw tooLong(field, given.length, maxRawLength);
    const text = normaliseIdentifier(given);
    if (this.isGap(text)) return '';
    if (text.length > maxLength) throw tooLong(field, text.length, maxLength);
    return wholeCharacters(text, field);
  }

  /** Text as it is, at most `maxBytes` as UTF-8; empty where there is none. */
  text(raw: Raw, field: Name, maxBytes: number): string {
    const value = raw[field];
    if (value === undefined || value === null) return '';
    const text = typeof value === 'string' ? value : this.textOf(value, field);
    // A UTF-16 unit is at most three bytes of UTF-8, so most texts need not be measured.
    if (text.length * 3 > maxBytes) {
      const bytes = Buffer.byteLength(text);
      if (bytes > maxBytes) {
        throw new RejectError(
          'text_too_long',
          field,
          `${field} has ${bytes} bytes; at most ${maxBytes} are kept.`,
        );
      }
    }
    return text;
  }

  currency(raw: Raw): string {
    const value = raw.currency;
    if (this.isMissing(value)) return this.rules.currency;
    const text = typeof value === 'string' ? value.trim().toUpperCase() : '';
    if (!/^[A-Z]{3}$/.test(text)) {
      throw new RejectError(
        'invalid_currency',
        'currency',
        `currency is ${show(value)}; expected a code such as USD.`,
      );
    }
    return text;
  }

  /** A whole, non-negative number. */
  count(raw: Raw, field: Name, repairs: Repairs): number {
    const value = this.figure(raw, field, repairs);
    if (!Number.isInteger(value)) {
      throw new RejectError(
        'invalid_number',
        field,
        `${field} is ${show(raw[field])}; expected a whole number.`,
      );
    }
    if (value > Number.MAX_SAFE_INTEGER) {
      throw new RejectError(
        'number_out_of_range',
        field,
        `${field} is ${show(raw[field])}; at most 2^53-1 can be counted.`,
      );
    }
    return value;
  }

  /** An amount of money, to six decimals. */
  money(raw: Raw, field: Name, repairs: Repairs): number {
    const value = this.figure(raw, field, repairs);
    if (value >= 1e12) {
      throw new RejectError(
        'number_out_of_range',
        field,
        `${field} is ${show(raw[field])}; amounts go up to 10^12.`,
      );
    }
    if (Number.isInteger(value)) return value;
    // From 2^32 on the product would lose the last decimals.
    const rounded = value < 2 ** 32 ? Math.round(value * 1e6) / 1e6 : Number(value.toFixed(6));
    // Float noise (0.1 + 0.2) is no finer amount; a real seventh decimal is.
    if (Math.abs(rounded - value) > 5e-9) repairs.note('rounded_money');
    return rounded;
  }

  /** The day of an ads row: the one that is written, unless an offset says that it is an instant. */
  day(raw: Raw, field: Name): Day {
    const value = raw[field];
    if (typeof value !== 'string') return this.dayOf(this.date(value, field), field, value);
    let day = this.days.get(value);
    if (day === undefined) {
      day = this.dayOf(this.date(value, field), field, value);
      if (this.days.size >= cacheSize) this.days.clear();
      this.days.set(value, day);
    }
    return day;
  }

  /** An instant, as epoch milliseconds, and the day it falls on. A day without a time stays that day, west of UTC, too. */
  instantAndDay(raw: Raw, field: Name): { instant: number; day: Day } {
    const value = raw[field];
    const date = this.date(value, field);
    let instant = this.instantOf(date, field, value);
    if (!('instant' in date) && date.time === undefined && this.dayOfInstant(instant) !== date.day) {
      instant += dayMs / 2;
    }
    return { instant, day: checkRange(this.dayOfInstant(instant), field, value) };
  }

  /** An instant where the field is given; undefined where it is not. */
  optionalInstant(raw: Raw, field: Name): number | undefined {
    const value = raw[field];
    return this.isMissing(value) ? undefined : this.instantOf(this.date(value, field), field, value);
  }

  /** Like `instantAndDay`, with an instant that stands in where the field is not given. */
  instantAndDayOr(raw: Raw, field: Name, standIn: () => number): { instant: number; day: Day } {
    if (!this.isMissing(raw[field])) return this.instantAndDay(raw, field);
    const instant = standIn();
    return { instant, day: this.dayOfInstant(instant) };
  }

  /** Yes or no where the field is given; undefined where it is not. */
  optionalFlag(raw: Raw, field: Name): boolean | undefined {
    const value = raw[field];
    if (typeof value === 'boolean') return value;
    if (this.isMissing(value)) return undefined;
    // A list of one reads as a text like what is in it.
    const known = typeof value === 'object' ? undefined : flags.get(String(value).trim().toLowerCase());
    if (known !== undefined) return known;
    throw new RejectError('invalid_text', field, `${field} is ${show(value)}; expected true or false.`);
  }

  /** Whether a value is none: null, blank, or a word that stands for nothing. */
  isMissing(value: unknown): boolean {
    return value === undefined || value === null || (typeof value === 'string' && this.isGap(value));
  }

  private date(value: unknown, field: string): ReadDate {
    if (this.isMissing(value)) throw new RejectError('missing_field', field, `${field} is missing.`);
    const isTooLong = typeof value === 'string' && value.length > maxFigureLength;
    const date = isTooLong ? undefined : this.dates.read(value);
    if (date !== undefined) return date;
    throw new RejectError(
      'invalid_date',
      field,
      `${field} is ${show(value)}; ${this.dates.accepted}, where there is such a day.`,
    );
  }

  private dayOf(date: ReadDate, field: string, value: unknown): Day {
    const isWritten = !('instant' in date) && date.offset === undefined;
    return checkRange(
      isWritten ? date.day : this.dayOfInstant(this.instantOf(date, field, value)),
      field,
      value,
    );
  }

  private instantOf(date: ReadDate, field: string, value: unknown): number {
    const instant = 'instant' in date ? date.instant : this.instantOfClock(date);
    if (instant >= Date.UTC(1999, 11, 31) && instant < Date.UTC(2149, 0, 2)) return instant;
    throw new RejectError(
      'date_out_of_range',
      field,
      `${field} is ${show(value)}; dates go from 2000 to 2148.`,
    );
  }

  private instantOfClock({ day, time, offset }: Exclude<ReadDate, { instant: number }>): number {
    if (time === undefined) return day * dayMs;
    const local = day * dayMs + time;
    return offset === undefined ? this.instantOfLocal(local) : local - offset;
  }

  private figure(raw: Raw, field: string, repairs: Repairs): number {
    const value = raw[field];
    const power = this.rules.scale?.[field] ?? 0;
    let number: number;
    if (this.isMissing(value)) {
      repairs.note('missing_figure');
      return 0;
    }
    if (typeof value === 'number') {
      number = power === 0 ? value : Number(shiftDecimal(String(value), power));
    } else if (typeof value === 'string') {
      const { digits, unit } = this.numeral(value, field);
      if (unit !== '') this.checkUnit(raw, field, unit);
      number = Number(power === 0 ? digits : shiftDecimal(digits, power));
    } else {
      number = Number.NaN;
    }
    if (!Number.isFinite(number)) throw this.noNumber(field, value);
    if (number < 0) {
      // Zero with float noise is zero, not a repair.
      if (number <= -5e-7) repairs.note('negative_to_zero');
      return 0;
    }
    return number;
  }

  private numeral(text: string, field: string): Exclude<Numeral, 'ambiguous' | undefined> {
    if (text.length > maxFigureLength) throw this.noNumber(field, text);
    const numeral = this.readNumeral(text);
    if (numeral === undefined) throw this.noNumber(field, text);
    if (numeral !== 'ambiguous') return numeral;
    throw new RejectError(
      'ambiguous_number',
      field,
      `${field} is ${show(text)}, which is one number with a decimal point and another with a decimal comma; say which with decimal: "." or decimal: ",".`,
    );
  }

  private noNumber(field: string, value: unknown): RejectError {
    const { notation } = this.rules;
    const isReadable = typeof value === 'string' && value.length <= maxFigureLength;
    const [decimal] = notation === undefined && isReadable ? notationsOf(value) : [];
    const expected =
      decimal !== undefined
        ? `decimal: "${decimal}" would read it`
        : notation === undefined
          ? 'expected a number'
          : `expected a number with decimal: "${notation.decimal}"`;
    return new RejectError('invalid_number', field, `${field} is ${show(value)}; ${expected}.`);
  }

  /** A sign of another currency than the record's would be an amount of the wrong one. */
  private checkUnit(raw: Raw, field: string, unit: string): void {
    const isMoney = field === 'cost' || field === 'amount';
    if (
      unit === '%'
        ? this.rules.scale?.[field] !== undefined
        : isMoney && mayStandFor(unit, this.currency(raw))
    )
      return;
    if (!isMoney || unit === '%') throw this.noNumber(field, raw[field]);
    throw new RejectError(
      'invalid_currency',
      field,
      `${field} is ${show(raw[field])}, but the record's currency is ${this.currency(raw)}.`,
    );
  }

  private readLabel(text: string, field: string) {
    if (text.length > maxRawLength) throw tooLong(field, text.length, maxRawLength);
    const label = normaliseLabel(wholeCharacters(text, field));
    if (label.length > maxTextLength) throw tooLong(field, label.length, maxTextLength);
    if (this.isGap(label)) return { label: unknown, repair: undefined };
    if (isTemplate(readableText(text).trim()))
      return { label: unknown, repair: 'template_to_unknown' as const };
    return { label, repair: label === text ? undefined : ('normalised_text' as const) };
  }

  private textOf(value: unknown, field: string): string {
    if (typeof value === 'number' && Number.isFinite(value)) {
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
        throw new RejectError(
          'unsafe_identifier',
          field,
          `${field} is the number ${value}; send it as a string.`,
        );
      }
      return String(value);
    }
    if (typeof value === 'boolean') return String(value);
    throw new RejectError('invalid_text', field, `${field} is ${show(value)}; expected text.`);
  }
}

const flags: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['0', false],
]);

const dayMs = 86_400_000;

/** No number and no date is longer; patterns are not tried on what is, since they take more than twice as long for twice as much. */
const maxFigureLength = 256;

/** JSON can hold half of a character (`\ud800`), which UTF-8 cannot: two such names would be stored as one, with U+FFFD. */
function wholeCharacters(text: string, field: string): string {
  if (!/\p{Surrogate}/u.test(text)) return text;
  throw new RejectError('invalid_text', field, `${field} is ${show(text)}, which holds half of a character.`);
}

/** How spreadsheets write long numbers: the digits behind those that are shown are lost. */
const exponentForm = /^\s*[+-]?(?:\d+[.,]\d+e\+?|\d+e\+)\d+\s*$/i;

const lostDigits = (field: string, text: string): RejectError =>
  new RejectError(
    'unsafe_identifier',
    field,
    `${field} is ${show(text)}, whose last digits a spreadsheet has dropped; export the column as text.`,
  );

const tooLong = (field: string, length: number, maxLength: number): RejectError =>
  new RejectError(
    'text_too_long',
    field,
    `${field} has ${length} characters; at most ${maxLength} are kept.`,
  );

function checkRange(day: Day, field: string, value: unknown): Day {
  if (day < firstDay || day > lastDay) {
    throw new RejectError(
      'date_out_of_range',
      field,
      `${field} is ${show(value)}; dates go from ${formatDay(firstDay)} to ${formatDay(lastDay)}.`,
    );
  }
  return day;
}
