/** Why a record could not be stored. Each reject is kept whole with its reason. */
export const rejectReasons = {
  not_an_object: 'The record is no JSON object.',
  malformed: 'The record is no valid JSON, or no whole row of CSV.',
  record_too_large: 'The record is larger than a record may be.',
  missing_field: 'A field that the record is known by is missing.',
  invalid_text: 'A field that holds text holds something else.',
  text_too_long:
    'A text is longer than it may be: 1,024 characters, a service 256, a breakdown 200, a message 16 KB.',
  invalid_date: 'A date is in no format that is accepted.',
  date_out_of_range: 'A date is before 2000 or after 2148.',
  beyond_retention: 'The record is older than DATA_RETENTION_DAYS.',
  in_the_future: 'The record is of a day further ahead than MAX_FUTURE_DAYS.',
  invalid_number: 'A figure is no finite number.',
  ambiguous_number:
    'The digits of a figure can be read as two numbers (`2.662`), and nothing says which; see `decimal` in docs/sources.md.',
  number_out_of_range: 'A figure is larger than can be counted exactly.',
  unsafe_identifier:
    'An identifier came as a JSON number beyond 2^53, or in the form of an exponent (`1.20210E+17`); its last digits are lost. Send it as a string.',
  invalid_currency: 'A currency is no three-letter code.',
  unsupported_schema_version:
    'The record is written in a version of the contract that this program does not know.',
  invalid_breakdowns:
    'The breakdowns of an ads row are no object of up to 8 names (`a-z`, then `a-z`, `0-9`, `_`; 40 characters at most) and their values.',
  invalid_metadata: 'The metadata of an event is no JSON object.',
  metadata_too_large: 'The metadata of an event is larger than 16 KB.',
  metadata_too_many_keys: 'The metadata of an event has more than 100 keys.',
  metadata_too_deep: 'The metadata of an event is nested more than 5 levels deep.',
  totals_row: 'The row sums up others, such as the row `Total` of a report; it would count everything twice.',
  refused_by_store: 'The database refused the record; the log says why.',
} as const;
export type RejectReason = keyof typeof rejectReasons;

/** What was changed in a record so that it could be stored. Counted by kind. */
export const repairKinds = {
  normalised_text: 'A channel, UTM or breakdown value differed in case, white space or Unicode form.',
  missing_to_unknown: 'A channel, service, UTM or breakdown value was missing and became `unknown`.',
  template_to_unknown:
    'A UTM or breakdown value was a placeholder that the ad platform had not filled in, and became `unknown`.',
  missing_figure: 'A figure was missing and became 0.',
  negative_to_zero: 'A figure was negative and became 0.',
  rounded_money: 'An amount had more than six decimals and was rounded.',
  unknown_stage: 'A stage that the stage table does not hold was counted as a lead.',
  missing_timestamp: 'The timestamp of an event was missing and became the time it was received.',
  unknown_field: 'A record had fields that the contract does not name; they were kept aside.',
  extra_truncated: 'The unknown fields of a record were too large to be kept; the largest were left out.',
} as const;
export type RepairKind = keyof typeof repairKinds;

export interface Reject {
  readonly reason: RejectReason;
  readonly field: string;
  /** A sentence with the offending value, for the person who mends the feed. */
  readonly detail: string;
}

/** A record, or why there is none. Repairs go to the `Repairs` that was passed in. */
export type Outcome<T> = { readonly record: T } | { readonly reject: Reject };

/** A feed with more unknown fields than this, or with longer names, is told only how many others there were. */
const maxUnknownNames = 100;
const maxUnknownNameLength = 128;
const otherNames = '(other)';

/** Counts by kind. A normaliser notes repairs as it goes and keeps them only when the record turns out to be good. */
export class Repairs {
  private readonly counts = new Map<RepairKind, number>();
  private readonly unknownNames = new Map<string, number>();
  private noted: RepairKind[] = [];
  private notedNames: readonly string[] = [];

  note(kind: RepairKind): void {
    this.noted.push(kind);
  }

  /** Notes that a record has fields which the contract does not name; at least one. */
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
   * In how many records each unknown field stood, by name: at most 100 names, the rest under `(other)`. The names come
   * from outside, hence the object without a prototype.
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

/** Thrown inside the normalisers and turned into an `Outcome` at their border. */
export class RejectError extends Error {
  readonly reject: Reject;

  constructor(reason: RejectReason, field: string, detail: string) {
    super(detail);
    this.reject = { reason, field, detail };
  }
}

/** A value as a person should see it in a message: short, on one line. */
export function show(value: unknown): string {
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

/** Runs one normaliser: turns what it throws into an `Outcome`, and keeps its repairs only with the record. */
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
        detail: `The record is ${show(raw)}; expected an object.`,
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
