import { createDayOfInstant, type Day, dayOf, firstDay, formatDay, lastDay } from './day.ts';
import { RejectError, type Repairs, show } from './outcome.ts';
import { isTemplate, maxTextLength, normaliseIdentifier, normaliseLabel, unknown } from './text.ts';

/** How a source writes dates whose day and month could be taken for each other. Never guessed. */
export type AmbiguousDates = 'MM/DD/YYYY' | 'DD/MM/YYYY';

export interface FieldRules {
  /** Days of instants are taken in this IANA time zone. */
  readonly timezone: string;
  /** Taken where a record names no currency. */
  readonly currency: string;
  readonly ambiguousDates?: AmbiguousDates | undefined;
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

  constructor(private readonly rules: FieldRules) {
    this.dayOfInstant = createDayOfInstant(rules.timezone);
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
    const text = normaliseIdentifier(typeof value === 'string' ? value : this.textOf(value, field));
    if (text.length > maxLength) throw tooLong(field, text.length, maxLength);
    return text;
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
    if (value === undefined || value === null || value === '') return this.rules.currency;
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

  /** The day of an ads row. */
  day(raw: Raw, field: Name): Day {
    const value = raw[field];
    if (typeof value !== 'string')
      return checkRange(this.dayOfInstant(this.instant(raw, field)), field, value);
    let day = this.days.get(value);
    if (day === undefined) {
      day = this.readDay(value, field);
      if (this.days.size >= cacheSize) this.days.clear();
      this.days.set(value, day);
    }
    return day;
  }

  /** An instant, as epoch milliseconds, and the day it falls on. A day without a time stays that day, west of UTC, too. */
  instantAndDay(raw: Raw, field: Name): { instant: number; day: Day } {
    let instant = this.instant(raw, field);
    let day = this.dayOfInstant(instant);
    if (hasNoTime(raw[field]) && day * dayMs < instant) {
      instant += dayMs / 2;
      day = this.dayOfInstant(instant);
    }
    return { instant, day: checkRange(day, field, raw[field]) };
  }

  /** An instant where the field is given; undefined where it is not. */
  optionalInstant(raw: Raw, field: Name): number | undefined {
    return isMissing(raw[field]) ? undefined : this.instant(raw, field);
  }

  /** Like `instantAndDay`, with an instant that stands in where the field is not given. */
  instantAndDayOr(raw: Raw, field: Name, standIn: () => number): { instant: number; day: Day } {
    if (!isMissing(raw[field])) return this.instantAndDay(raw, field);
    const instant = standIn();
    return { instant, day: this.dayOfInstant(instant) };
  }

  private instant(raw: Raw, field: string): number {
    const value = raw[field];
    if (value === undefined || value === null || value === '') {
      throw new RejectError('missing_field', field, `${field} is missing.`);
    }
    const instant = parseInstant(value, this.rules.ambiguousDates);
    if (instant === undefined) {
      throw new RejectError('invalid_date', field, `${field} is ${show(value)}; ${this.acceptedDates()}`);
    }
    if (!(instant >= Date.UTC(1999, 11, 31) && instant < Date.UTC(2149, 0, 2))) {
      throw new RejectError(
        'date_out_of_range',
        field,
        `${field} is ${show(value)}; dates go from 2000 to 2148.`,
      );
    }
    return instant;
  }

  private readDay(text: string, field: string): Day {
    const trimmed = text.trim();
    if (trimmed === '') throw new RejectError('missing_field', field, `${field} is missing.`);
    const plain = /^(\d{4})([-/])(\d{2})\2(\d{2})$/.exec(trimmed);
    if (plain !== null) {
      const day = dayOf(Number(plain[1]), Number(plain[3]), Number(plain[4]));
      if (day === undefined)
        throw new RejectError('invalid_date', field, `${field} is ${show(text)}; there is no such day.`);
      return checkRange(day, field, text);
    }
    const ambiguous = parseAmbiguousDay(trimmed, this.rules.ambiguousDates);
    if (ambiguous !== undefined) return checkRange(ambiguous, field, text);
    return checkRange(this.dayOfInstant(this.instant({ [field]: trimmed }, field)), field, text);
  }

  private figure(raw: Raw, field: string, repairs: Repairs): number {
    const value = raw[field];
    let number: number;
    if (typeof value === 'number') {
      number = value;
    } else if (value === undefined || value === null) {
      repairs.note('missing_figure');
      return 0;
    } else if (typeof value === 'string') {
      const text = value.trim();
      if (text === '') {
        repairs.note('missing_figure');
        return 0;
      }
      number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
    } else {
      number = Number.NaN;
    }
    if (!Number.isFinite(number)) {
      throw new RejectError('invalid_number', field, `${field} is ${show(value)}; expected a number.`);
    }
    if (number < 0) {
      // Zero with float noise is zero, not a repair.
      if (number <= -5e-7) repairs.note('negative_to_zero');
      return 0;
    }
    return number;
  }

  private readLabel(text: string, field: string) {
    const label = normaliseLabel(text);
    if (label.length > maxTextLength) throw tooLong(field, label.length, maxTextLength);
    if (label === '') return { label: unknown, repair: undefined };
    if (isTemplate(text.trim())) return { label: unknown, repair: 'template_to_unknown' as const };
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

  private acceptedDates(): string {
    const also = this.rules.ambiguousDates === undefined ? '' : `, ${this.rules.ambiguousDates}`;
    return `accepted are YYYY-MM-DD, YYYY/MM/DD, RFC 3339 date-times, YYYY-MM-DD HH:MM:SS, epoch milliseconds${also}.`;
  }
}

const dayMs = 86_400_000;

const hasNoTime = (value: unknown): boolean =>
  typeof value === 'string' && /^[\d/-]{8,10}$/.test(value.trim());

const isMissing = (value: unknown): boolean => value === undefined || value === null || value === '';

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

function parseAmbiguousDay(text: string, order: AmbiguousDates | undefined): Day | undefined {
  const match = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text);
  if (match === null || order === undefined) return undefined;
  const [first, second, year] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return order === 'MM/DD/YYYY' ? dayOf(year, first, second) : dayOf(year, second, first);
}

/** Date-times without an offset are taken as UTC; epoch values are milliseconds. */
function parseInstant(value: unknown, ambiguous: AmbiguousDates | undefined): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.trunc(value) : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (/^\d{12,14}$/.test(text)) return Number(text);
  const match =
    /^(\d{4})([-/])(\d{2})\2(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?([Zz]|[+-]\d{2}:?\d{2})?)?$/.exec(
      text,
    );
  if (match === null) {
    const day = parseAmbiguousDay(text, ambiguous);
    return day === undefined ? undefined : day * dayMs;
  }
  const day = dayOf(Number(match[1]), Number(match[3]), Number(match[4]));
  const [hour, minute, second] = [Number(match[5] ?? 0), Number(match[6] ?? 0), Number(match[7] ?? 0)];
  const offset = offsetMs(match[9]);
  if (day === undefined || hour > 23 || minute > 59 || second > 60 || offset === undefined) return undefined;
  const milliseconds = Math.trunc(Number(`0.${match[8] ?? '0'}`) * 1_000);
  return day * dayMs + hour * 3_600_000 + minute * 60_000 + second * 1_000 + milliseconds - offset;
}

function offsetMs(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z' || zone === 'z') return 0;
  const digits = zone.slice(1).replace(':', '');
  const [hours, minutes] = [Number(digits.slice(0, 2)), Number(digits.slice(2))];
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
