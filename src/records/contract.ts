import { breakdownLimits, breakdownNameText } from './breakdowns.ts';
import { metadataLimits } from './event-metadata.ts';

/** The version of the contract that records are written in; one without `schema_version` means this one. */
export const currentSchemaVersion = '1.0';

export type RecordKind = 'ad_performance' | 'opportunity' | 'event';

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

interface Contract {
  readonly title: string;
  readonly description: string;
  /** The keys that lead to the array of records, where a body has an envelope. */
  readonly envelope: readonly string[];
  readonly fields: Readonly<Record<string, Field>>;
  /** The flag that says a record is deleted, and the fields that are read of it then; the others are not looked at. */
  readonly deletion?: { readonly flag: string; readonly reads: readonly string[] };
  readonly examples: readonly Readonly<Record<string, unknown>>[];
}

const schemaVersion = {
  schema_version: {
    format: 'version',
    description: `The version of this contract that the record is written in; ${currentSchemaVersion} where it is missing. Another minor version is accepted, another major version is not.`,
  },
} as const satisfies Record<string, Field>;

const utm = {
  utm_campaign: { format: 'label', description: 'Campaign of the UTM tags.' },
  utm_source: { format: 'label', description: 'Source of the UTM tags, such as google.' },
  utm_medium: { format: 'label', description: 'Medium of the UTM tags, such as cpc.' },
  utm_content: { format: 'label', description: 'Content of the UTM tags.' },
  utm_term: { format: 'label', description: 'Term of the UTM tags.' },
} as const satisfies Record<string, Field>;

const currency = {
  format: 'currency',
  description: 'ISO 4217 code of the amounts; the one of the configuration where it is missing.',
} as const satisfies Field;

const updatedAt = {
  format: 'instant',
  description: 'When the source last changed the record. An older state does not replace a newer one.',
} as const satisfies Field;

/**
 * The records that are taken in, each field once. What is a known field, what the JSON Schemas in `schema/records` say and
 * which names the normalisers may read all come from here. Fields beyond these are kept aside, never an error.
 */
export const contracts = {
  ad_performance: {
    title: 'AdPerformance',
    description:
      'One row a day, channel, campaign and UTM set. Its key is every field but the figures: a row with the same key replaces the earlier one.',
    envelope: ['external', 'ads', 'performance'],
    fields: {
      ...schemaVersion,
      date: {
        format: 'day',
        required: true,
        description: 'The day. Of a date-time, the day in the reporting time zone.',
      },
      campaign_id: {
        format: 'identifier',
        required: true,
        description: 'The campaign, as the platform names it.',
      },
      channel: { format: 'label', description: 'The platform or channel, such as google_ads.' },
      ad_group_id: { format: 'identifier', description: 'The ad group, where the feed is that fine.' },
      ad_id: { format: 'identifier', description: 'The ad, where the feed is that fine.' },
      clicks: { format: 'count', description: 'Clicks on the ads.' },
      impressions: { format: 'count', description: 'How often the ads were shown.' },
      cost: { format: 'money', description: 'Spend, in units of the currency, to six decimals.' },
      currency,
      ...utm,
      breakdowns: {
        format: 'breakdowns',
        description: `Dimensions of your own by which the feed is finer, such as country or device: names and values, or the JSON text of them. Up to ${breakdownLimits.names}; a name is ${breakdownNameText}, a value up to ${breakdownLimits.valueLength} characters. Part of the key.`,
      },
      updated_at: updatedAt,
    },
    examples: [
      {
        date: '2025-08-01',
        campaign_id: 'C-1001',
        channel: 'google_ads',
        clicks: 1200,
        impressions: 45000,
        cost: 350.75,
        utm_campaign: 'back_to_school',
        utm_source: 'google',
        utm_medium: 'cpc',
      },
    ],
  },
  opportunity: {
    title: 'Opportunity',
    description:
      'The current state of one CRM record. One with the same opportunity_id in the same namespace replaces the earlier one.',
    envelope: ['external', 'crm', 'opportunities'],
    fields: {
      ...schemaVersion,
      opportunity_id: {
        format: 'identifier',
        required: true,
        description: 'What the CRM knows the record by.',
      },
      created_at: { format: 'instant', required: true, description: 'When the lead came in.' },
      stage: {
        format: 'identifier',
        description:
          'The stage in the CRM’s own words; STAGE_MAP maps it to lead, opportunity, closed_won or closed_lost.',
      },
      is_won: {
        format: 'flag',
        description:
          'Whether the CRM itself counts it as won, whatever its stage is called. Goes before the stage.',
      },
      is_closed: {
        format: 'flag',
        description: 'Whether the CRM itself counts it as closed: closed and not won is lost.',
      },
      is_deleted: {
        format: 'flag',
        description:
          'Whether the CRM has deleted the record: then what is stored of it goes. `created_at` is needed all the same.',
      },
      amount: { format: 'money', description: 'The amount, in units of the currency, to six decimals.' },
      currency,
      contact_email: { format: 'identifier', description: 'The contact. Stored only as a keyed hash.' },
      ...utm,
      updated_at: updatedAt,
    },
    deletion: {
      flag: 'is_deleted',
      reads: ['schema_version', 'opportunity_id', 'created_at', 'is_deleted', 'updated_at'],
    },
    examples: [
      {
        opportunity_id: 'O-9001',
        contact_email: 'ana@example.com',
        stage: 'closed_won',
        amount: 5000.0,
        created_at: '2025-08-01T10:00:00Z',
        utm_campaign: 'back_to_school',
        utm_source: 'google',
        utm_medium: 'cpc',
      },
    ],
  },
  event: {
    title: 'Event',
    description:
      'Anything that happened, known by its event_id. Send event_id and timestamp, and sending it again changes nothing.',
    envelope: ['external', 'events'],
    fields: {
      ...schemaVersion,
      event_id: {
        format: 'identifier',
        description: 'What the event is known by; made where it is missing.',
      },
      timestamp: {
        format: 'instant',
        description: 'When it happened; when it was received where it is missing.',
      },
      service: {
        format: 'identifier',
        maxLength: 256,
        description: 'What sent it, up to 256 characters; unknown where it is missing.',
      },
      message: {
        format: 'text',
        maxLength: 16_384,
        description: 'What happened, in words: up to 16 KB of UTF-8.',
      },
      metadata: {
        format: 'object',
        maxLength: metadataLimits.bytes,
        description: `Whatever else is known, as an object or as the JSON text of one: up to 16 KB of UTF-8, ${metadataLimits.keys} keys in all its levels together, ${metadataLimits.depth} levels deep.`,
      },
      ...utm,
    },
    examples: [
      {
        event_id: 'E-5001',
        timestamp: '2025-08-01T10:00:00Z',
        service: 'checkout',
        message: 'order placed',
        metadata: { order_id: 'A-17', total: 59.9 },
        utm_campaign: 'back_to_school',
        utm_source: 'google',
        utm_medium: 'cpc',
      },
    ],
  },
} as const satisfies Record<RecordKind, Contract>;

/** The names of a kind's fields: what a normaliser may read. */
export type FieldName<K extends RecordKind> = keyof (typeof contracts)[K]['fields'] & string;

/** How a record of a kind says that it is deleted, where it can. */
export const deletionOf = (kind: RecordKind): Contract['deletion'] => {
  const contract: Contract = contracts[kind];
  return contract.deletion;
};

export const recordKinds: readonly RecordKind[] = ['ad_performance', 'opportunity', 'event'];

/** The fields of a kind, in the order in which the contract names them. */
export const fieldsOf = (kind: RecordKind): readonly (readonly [name: string, field: Field])[] =>
  Object.entries<Field>(contracts[kind].fields);

export const knownFields = (kind: RecordKind): ReadonlySet<string> =>
  new Set(Object.keys(contracts[kind].fields));
