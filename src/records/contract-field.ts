/** The version of the contract that records are written in; one without `schema_version` means this one. */
export const currentSchemaVersion = '1.0';

/**
 * How the value of a field is written. A format says which JSON types are accepted; `json-schema.ts` says the rest of it
 * in JSON Schema, and `FieldReader` reads it.
 */
export const formatTypes = {
  version: ['string', 'number', 'null'],
  identifier: ['string', 'number', 'boolean', 'null'],
  label: ['string', 'number', 'boolean', 'null'],
  text: ['string', 'number', 'boolean', 'null'],
  day: ['string', 'number', 'null'],
  instant: ['string', 'number', 'null'],
  count: ['number', 'string', 'null'],
  money: ['number', 'string', 'null'],
  currency: ['string', 'null'],
  object: ['object', 'string', 'null'],
  breakdowns: ['object', 'string', 'null'],
  flag: ['boolean', 'string', 'number', 'null'],
} as const satisfies Record<string, readonly string[]>;
export type FieldFormat = keyof typeof formatTypes;

/** One field of a record, by its name as it is sent. */
export interface Field {
  readonly format: FieldFormat;
  readonly description: string;
  /** Without it the record is rejected. */
  readonly required?: true;
  /** Characters at most, where that differs from the format's; of `text`, bytes as UTF-8. */
  readonly maxLength?: number;
}

/** What records of one kind look like as they are sent. */
export interface Contract {
  readonly title: string;
  readonly description: string;
  /** The keys that lead to the array of records, where a body has an envelope. */
  readonly envelope: readonly string[];
  readonly fields: Readonly<Record<string, Field>>;
  /** The flag that says a record is deleted, and the fields that are read of it then; the others are not looked at. */
  readonly deletion?: { readonly flag: string; readonly reads: readonly string[] };
  readonly examples: readonly Readonly<Record<string, unknown>>[];
}

export const schemaVersion = {
  schema_version: {
    format: 'version',
    description: `The version of this contract that the record is written in; ${currentSchemaVersion} where it is missing. Another minor version is accepted, another major version is not.`,
  },
} as const satisfies Record<string, Field>;

export const utm = {
  utm_campaign: { format: 'label', description: 'Campaign of the UTM tags.' },
  utm_source: { format: 'label', description: 'Source of the UTM tags, such as google.' },
  utm_medium: { format: 'label', description: 'Medium of the UTM tags, such as cpc.' },
  utm_content: { format: 'label', description: 'Content of the UTM tags.' },
  utm_term: { format: 'label', description: 'Term of the UTM tags.' },
} as const satisfies Record<string, Field>;

export const currency = {
  format: 'currency',
  description: 'ISO 4217 code of the amounts; the one of the configuration where it is missing.',
} as const satisfies Field;

export const updatedAt = {
  format: 'instant',
  description: 'When the source last changed the record. An older state does not replace a newer one.',
} as const satisfies Field;
