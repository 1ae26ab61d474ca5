/** The current version of the record contract, and the default for records without `schema_version`. */
export const currentSchemaVersion = '1.0';

/**
 * The formats of field values, with the JSON types that each accepts. `json-schema.ts` describes the rest of a format, and
 * `FieldReader` reads it.
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
  quantity: ['number', 'string', 'null'],
  rate: ['number', 'string', 'null'],
  currency: ['string', 'null'],
  object: ['object', 'string', 'null'],
  breakdowns: ['object', 'string', 'null'],
  measures: ['object', 'string', 'null'],
  flag: ['boolean', 'string', 'number', 'null'],
} as const satisfies Record<string, readonly string[]>;
export type FieldFormat = keyof typeof formatTypes;

/** One field of a record. Its key in `Contract.fields` is the name as received. */
export interface Field {
  readonly format: FieldFormat;
  readonly description: string;
  /** A record without this field is rejected. */
  readonly required?: true;
  /** Maximum length in characters if it differs from the format's; for `text`, in bytes of UTF-8. */
  readonly maxLength?: number;
}

const figureFormats = ['count', 'money', 'quantity'] as const;
type FigureFormat = (typeof figureFormats)[number];

/** The names of figures among fields: numbers that add up. */
export type FigureName<Fields extends Readonly<Record<string, Field>>> = {
  [Name in keyof Fields & string]: Fields[Name]['format'] extends FigureFormat ? Name : never;
}[keyof Fields & string];

export const figuresOf = <const Fields extends Readonly<Record<string, Field>>>(
  fields: Fields,
): readonly FigureName<Fields>[] =>
  Object.entries(fields)
    .filter(([, { format }]) => figureFormats.some((figure) => figure === format))
    .map(([name]) => name as FigureName<Fields>);

/** Parameters of a push that say how to read its records, in addition to the parameters of every kind. */
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
  /** A sentence about what the mutation does. */
  readonly description: string;
  readonly parameters: readonly PushParameter[];
  /** True if record ids belong to a namespace, which a push can name. */
  readonly takesNamespace?: true;
}

/** The fields and examples of one kind of record, as received. */
export interface Contract {
  readonly title: string;
  /** Describes one record in a few words. */
  readonly meaning: string;
  readonly description: string;
  /** The keys that lead to the array of records if the body has an envelope. */
  readonly envelope: readonly string[];
  readonly fields: Readonly<Record<string, Field>>;
  /**
   * The flag that marks a record as deleted, and the fields that are read from a deleted record. Its other fields are ignored.
   */
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
