/** Why a record could not be stored. Each reject is kept whole with its reason. */
export const rejectReasons = {
  not_an_object: 'The record is no JSON object.',
  malformed: 'The record is no valid JSON.',
  record_too_large: 'The record is larger than a record may be.',
  missing_field: 'A field that the record is known by is missing.',
  invalid_text: 'A field that holds text holds something else.',
  text_too_long: 'A text is longer than 1,024 characters.',
  invalid_date: 'A date is in no format that is accepted.',
  date_out_of_range: 'A date is before 2000 or after 2148.',
  beyond_retention: 'The record is older than DATA_RETENTION_DAYS.',
  invalid_number: 'A figure is no finite number.',
  number_out_of_range: 'A figure is larger than can be counted exactly.',
  unsafe_identifier:
    'An identifier came as a JSON number beyond 2^53, whose last digits are lost; send it as a string.',
  invalid_currency: 'A currency is no three-letter code.',
} as const;
export type RejectReason = keyof typeof rejectReasons;

/** What was changed in a record so that it could be stored. Counted by kind. */
export const repairKinds = {
  normalised_text: 'A channel or UTM value differed in case, white space or Unicode form.',
  missing_to_unknown: 'A channel or UTM value was missing and became `unknown`.',
  template_to_unknown:
    'A UTM value was a placeholder that the ad platform had not filled in, and became `unknown`.',
  missing_figure: 'A figure was missing and became 0.',
  negative_to_zero: 'A figure was negative and became 0.',
  rounded_money: 'An amount had more than six decimals and was rounded.',
  unknown_stage: 'A stage that the stage table does not hold was counted as a lead.',
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

/** Counts by kind. A normaliser notes repairs as it goes and keeps them only when the record turns out to be good. */
export class Repairs {
  private readonly counts = new Map<RepairKind, number>();
  private noted: RepairKind[] = [];

  note(kind: RepairKind): void {
    this.noted.push(kind);
  }

  keep(): void {
    for (const kind of this.noted) this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.noted.length = 0;
  }

  drop(): void {
    this.noted.length = 0;
  }

  toRecord(): Record<string, number> {
    return Object.fromEntries(this.counts);
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
  const text = typeof value === 'string' ? JSON.stringify(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
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
