/** Why a record was rejected. Each reject is kept in full with its reason. */
export const rejectReasons = {
  not_an_object: 'The record is not a JSON object.',
  malformed: 'The record is not valid JSON, or not a complete CSV row.',
  record_too_large: 'The record exceeds the maximum record size.',
  missing_field: 'A required field is missing.',
  invalid_text: 'A text field contains something other than text.',
  text_too_long:
    'A text is too long. The limit is 1,024 characters; 256 for a service, 200 for a breakdown, 16 KB for a message.',
  invalid_date: 'A date is not in an accepted format.',
  date_out_of_range: 'A date is before 2000 or after 2148.',
  beyond_retention: 'The record is older than DATA_RETENTION_DAYS.',
  in_the_future: 'The day of the record is more than MAX_FUTURE_DAYS in the future.',
  invalid_number: 'A number field is not a finite number.',
  ambiguous_number:
    'A number can be read in two ways (`2.662`), and the configuration does not say which is right. See `decimal` in docs/sources.md.',
  number_out_of_range: 'A number is too large to be stored exactly.',
  unsafe_identifier:
    'An identifier is a JSON number above 2^53, or has an exponent (`1.20210E+17`), so its last digits are lost. Send it as a string.',
  invalid_currency: 'A currency is not a three-letter code.',
  invalid_rate: 'An exchange rate is not above 0, or is other than 1 between a currency and itself.',
  unsupported_schema_version: 'utmql does not support the record’s version of the record contract.',
  invalid_extra_measures:
    'The extra measures of an ads row are not an object with at most 20 names and their numbers. A name starts with `a-z`, continues with `a-z`, `0-9` or `_`, and has at most 40 characters.',
  invalid_breakdowns:
    'The breakdowns of an ads row are not an object with at most 8 names and their values. A name starts with `a-z`, continues with `a-z`, `0-9` or `_`, and has at most 40 characters.',
  invalid_metadata: 'The metadata of an event is not a JSON object.',
  metadata_too_large: 'The metadata of an event is larger than 16 KB.',
  metadata_too_many_keys: 'The metadata of an event has more than 100 keys.',
  metadata_too_deep: 'The metadata of an event is nested more than 5 levels deep.',
  totals_row:
    'The row sums up other rows, such as the row `Total` of a report. It would count everything twice.',
  refused_by_store: 'The database refused the record. The log says why.',
} as const;
export type RejectReason = keyof typeof rejectReasons;

/** The changes that make a record storable; counted by kind. */
export const repairKinds = {
  normalised_text:
    'A channel, UTM or breakdown value was normalised: its case, white space or Unicode form changed.',
  missing_to_unknown: 'A channel, service, UTM or breakdown value was missing and became `unknown`.',
  template_to_unknown:
    'A UTM or breakdown value was a placeholder that the ad platform did not fill in, and became `unknown`.',
  missing_figure: 'A number was missing and became 0.',
  negative_to_zero: 'A number was negative and became 0.',
  rounded_money: 'An amount had more than six decimals and was rounded.',
  rounded_rate: 'An exchange rate had more than 18 decimals and was rounded.',
  unknown_stage: 'The stage is not in the stage table. The record counts as a lead.',
  missing_timestamp: 'The timestamp of an event was missing and became the time of receipt.',
  unknown_field:
    'A record had fields that the record contract does not name. They are stored with the record.',
  extra_truncated: 'The unknown fields of a record were too large to store. The largest were dropped.',
} as const;
export type RepairKind = keyof typeof repairKinds;

export interface Reject {
  readonly reason: RejectReason;
  readonly field: string;
  /** A sentence with the invalid value, for the person who corrects the feed. */
  readonly detail: string;
}

/** A record, or why it was rejected. Repairs go to the `Repairs` argument. */
export type Outcome<T> = { readonly record: T } | { readonly reject: Reject };

/** Maximum number of unknown field names that are counted by name, and maximum length of a name. Others are counted together. */
const maxUnknownNames = 100;
const maxUnknownNameLength = 128;
const otherNames = '(other)';

/** Counts repairs by kind. A normaliser notes repairs as it reads a record; they count only if the record is accepted. */
export class Repairs {
  private readonly counts = new Map<RepairKind, number>();
  private readonly unknownNames = new Map<string, number>();
  private noted: RepairKind[] = [];
  private notedNames: readonly string[] = [];

  note(kind: RepairKind): void {
    this.noted.push(kind);
  }

  /** Notes that a record has unknown fields. `names` is not empty. */
  noteUnknownFields(names: readonly string[]): void {
    this.noted.push('unknown_field');
    this.notedNames = names;
  }

  keep(): void {
    for (const kind of this.noted) this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    for (const name of this.notedNames) this.countName(name);
    this.drop();
  }

  drop(): void {
    this.noted.length = 0;
    this.notedNames = [];
  }

  toRecord(): Record<string, number> {
    return Object.fromEntries(this.counts);
  }

  /**
   * Returns how many records had each unknown field: up to 100 names, the others as `(other)`. The object has no prototype,
   * because names can be anything.
   */
  unknownFields(): Record<string, number> {
    const fields: Record<string, number> = Object.create(null);
    for (const [name, count] of this.unknownNames) fields[name] = count;
    return fields;
  }

  private countName(name: string): void {
    const known = this.unknownNames.get(name);
    const isCounted =
      known !== undefined ||
      (this.unknownNames.size < maxUnknownNames && name.length <= maxUnknownNameLength);
    const counted = isCounted ? name : otherNames;
    this.unknownNames.set(counted, (this.unknownNames.get(counted) ?? 0) + 1);
  }
}

/** Thrown inside normalisers; `normalise` turns it into an `Outcome`. */
export class RejectError extends Error {
  readonly reject: Reject;

  constructor(reason: RejectReason, field: string, detail: string) {
    super(detail);
    this.reject = { reason, field, detail };
  }
}

/** Returns a value as a short text on one line, for messages. */
export function displayValue(value: unknown): string {
  const text = writeJson(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function writeJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return '(nested too deeply to be shown)';
  }
}

/** Runs one normaliser. Returns what it throws as a reject, and keeps its repairs only with a record. */
export function normalise<T>(
  raw: unknown,
  repairs: Repairs,
  read: (fields: Readonly<Record<string, unknown>>) => T,
): Outcome<T> {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return {
      reject: {
        reason: 'not_an_object',
        field: '',
        detail: `The record is ${displayValue(raw)}; expected an object.`,
      },
    };
  }
  try {
    const record = read(raw as Readonly<Record<string, unknown>>);
    repairs.keep();
    return { record };
  } catch (error) {
    repairs.drop();
    if (error instanceof RejectError) return { reject: error.reject };
    throw error;
  }
}
