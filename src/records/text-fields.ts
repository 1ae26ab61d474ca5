import { type FieldRules, memoized, type RawFields } from './field-rules.ts';
import { createMissingTest, createMissingTextTest } from './missing-values.ts';
import { displayValue, RejectError, type Repairs } from './outcome.ts';
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

/** Reads names, identifiers and other texts of raw records. Each method throws RejectError. */
export interface TextFields<Name extends string> {
  /** Returns a channel or UTM value. */
  label(raw: RawFields, field: Name, repairs: Repairs): string;
  /** Returns a name of a group of rows with its case kept; `unknown` if it is missing. */
  groupName(value: unknown, field: string, maxLength: number, repairs: Repairs): string;
  /** Returns an identifier of the record; the record is rejected if it is missing. */
  identifier(raw: RawFields, field: Name): string;
  /** Returns an identifier, or an empty string if it is missing. */
  optionalIdentifier(raw: RawFields, field: Name, maxLength?: number): string;
  /** Returns text unchanged, at most `maxBytes` of UTF-8; empty if it is missing. */
  text(raw: RawFields, field: Name, maxBytes: number): string;
  /** Returns a boolean, or undefined if the field is missing. */
  optionalFlag(raw: RawFields, field: Name): boolean | undefined;
}

export function createTextFields<Name extends string>({ missing }: FieldRules): TextFields<Name> {
  const isGap = createMissingTextTest(missing);
  const isMissing = createMissingTest(missing);

  const readLabel = memoized((text, field) => {
    if (text.length > maxRawLength) throw tooLong(field, text.length, maxRawLength);
    const label = normaliseLabel(rejectLoneSurrogates(text, field));
    if (label.length > maxTextLength) throw tooLong(field, label.length, maxTextLength);
    if (isGap(label)) return { label: unknown, repair: undefined };
    if (isTemplate(readableText(text).trim()))
      return { label: unknown, repair: 'template_to_unknown' as const };
    return { label, repair: label === text ? undefined : ('normalised_text' as const) };
  });

  const optionalIdentifier: TextFields<Name>['optionalIdentifier'] = (
    raw,
    field,
    maxLength = maxTextLength,
  ) => {
    const value = raw[field];
    if (value === undefined || value === null) return '';
    if (typeof value === 'string' && exponentForm.test(value)) throw lostDigitsError(field, value);
    const given = typeof value === 'string' ? value : textOf(value, field);
    if (given.length > maxRawLength) throw tooLong(field, given.length, maxRawLength);
    const text = normaliseIdentifier(given);
    if (isGap(text)) return '';
    if (text.length > maxLength) throw tooLong(field, text.length, maxLength);
    return rejectLoneSurrogates(text, field);
  };

  return {
    label(raw, field, repairs) {
      const value = raw[field];
      if (value === undefined || value === null || value === '') {
        repairs.note('missing_to_unknown');
        return unknown;
      }
      const text = typeof value === 'string' ? value : textOf(value, field);
      const { label, repair } = readLabel(text, field);
      if (repair !== undefined) repairs.note(repair);
      else if (label === unknown && text !== unknown) repairs.note('missing_to_unknown');
      return label;
    },
    groupName(value, field, maxLength, repairs) {
      if (isMissing(value)) {
        repairs.note('missing_to_unknown');
        return unknown;
      }
      const given = typeof value === 'string' ? value : textOf(value, field);
      if (given.length > maxRawLength) throw tooLong(field, given.length, maxRawLength);
      const name = normaliseName(rejectLoneSurrogates(given, field));
      if (isGap(name) || isTemplate(name)) {
        repairs.note(isGap(name) ? 'missing_to_unknown' : 'template_to_unknown');
        return unknown;
      }
      if (name.length > maxLength) throw tooLong(field, name.length, maxLength);
      if (name !== given) repairs.note('normalised_text');
      return name;
    },
    identifier(raw, field) {
      const text = optionalIdentifier(raw, field);
      if (text === '') throw new RejectError('missing_field', field, `${field} is missing.`);
      return text;
    },
    optionalIdentifier,
    text(raw, field, maxBytes) {
      const value = raw[field];
      if (value === undefined || value === null) return '';
      const text = typeof value === 'string' ? value : textOf(value, field);
      // A UTF-16 unit has at most three bytes in UTF-8, so most texts need no exact count.
      if (text.length * 3 <= maxBytes) return text;
      const bytes = Buffer.byteLength(text);
      if (bytes <= maxBytes) return text;
      throw new RejectError(
        'text_too_long',
        field,
        `${field} has ${bytes} bytes; at most ${maxBytes} are kept.`,
      );
    },
    optionalFlag(raw, field) {
      const value = raw[field];
      if (typeof value === 'boolean') return value;
      if (isMissing(value)) return undefined;
      // `String` would turn a list of one element into that element.
      const known = typeof value === 'object' ? undefined : flags.get(String(value).trim().toLowerCase());
      if (known !== undefined) return known;
      throw new RejectError(
        'invalid_text',
        field,
        `${field} is ${displayValue(value)}; expected true or false.`,
      );
    },
  };
}

const flags: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['0', false],
]);

function textOf(value: unknown, field: string): string {
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
  throw new RejectError('invalid_text', field, `${field} is ${displayValue(value)}; expected text.`);
}

/**
 * Rejects half a surrogate pair, which JSON can hold (`\ud800`) and UTF-8 cannot: two such names would both be stored with U+FFFD
 * and be equal.
 */
function rejectLoneSurrogates(text: string, field: string): string {
  if (!/\p{Surrogate}/u.test(text)) return text;
  throw new RejectError(
    'invalid_text',
    field,
    `${field} is ${displayValue(text)}, which contains half of a surrogate pair; send valid Unicode.`,
  );
}

/** Long numbers as spreadsheets write them (1.23E+15): the digits that are not shown are lost. */
const exponentForm = /^\s*[+-]?(?:\d+[.,]\d+e\+?|\d+e\+)\d+\s*$/i;

const lostDigitsError = (field: string, text: string): RejectError =>
  new RejectError(
    'unsafe_identifier',
    field,
    `${field} is ${displayValue(text)}, whose last digits a spreadsheet has dropped; export the column as text.`,
  );

const tooLong = (field: string, length: number, maxLength: number): RejectError =>
  new RejectError(
    'text_too_long',
    field,
    `${field} has ${length} characters; at most ${maxLength} are kept.`,
  );
