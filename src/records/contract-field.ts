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

/** Parameters of a push that say how its records are to be read, beyond those that every kind has. */
export type PushParameter = 'decimal' | 'thousands' | 'scale' | 'currency' | 'channel' | 'duplicates';

export const figureParameters = [
  'decimal',
  'thousands',
  'scale',
  'currency',
] as const satisfies readonly PushParameter[];

/** How records of one kind are pushed. */
interface PushContract {
  /** `POST /ingest/ad-performance`; the mutation `ingestAdPerformance` is named after it. */
  readonly path: `/ingest/${string}`;
  /** What the mutation does, in a sentence. */
  readonly description: string;
  readonly parameters: readonly PushParameter[];
  /** Record ids belong to a namespace, which a push may name. */
  readonly takesNamespace?: true;
}

/** What records of one kind look like as they are sent. */
export interface Contract {
  readonly title: string;
  /** What one record is, in a few words. */
  readonly meaning: string;
  readonly description: string;
  /** The keys that lead to the array of records, where a body has an envelope. */
  readonly envelope: readonly string[];
  readonly fields: Readonly<Record<string, Field>>;
  /** The flag that says a record is deleted, and the fields that are read of it then; the others are not looked at. */
  readonly deletion?: { readonly flag: string; readonly reads: readonly string[] };
  readonly push: PushContract;
  readonly examples: readonly Readonly<Record<string, unknown>>[];
}

export const schemaVersion = {
  schema_version: {
    format: 'version',
    description: `Version of the record contract. Default: ${currentSchemaVersion}. utmql accepts other minor versions and rejects other major versions.`,
  },
} as const satisfies Record<string, Field>;

export const utm = {
  utm_campaign: { format: 'label', description: 'UTM campaign.' },
  utm_source: { format: 'label', description: 'UTM source, such as google.' },
  utm_medium: { format: 'label', description: 'UTM medium, such as cpc.' },
  utm_content: { format: 'label', description: 'UTM content.' },
  utm_term: { format: 'label', description: 'UTM term.' },
} as const satisfies Record<string, Field>;

export const currency = {
  format: 'currency',
  description:
    'ISO 4217 currency code of the amounts. Default: the configured currency of the source or push, else REPORTING_CURRENCY.',
} as const satisfies Field;

export const updatedAt = {
  format: 'instant',
  description: 'When the source last changed the record. An older version does not replace a newer one.',
} as const satisfies Field;
