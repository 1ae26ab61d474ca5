import { type Contract, schemaVersion, utm } from './contract-field.ts';
import type { Day } from './day.ts';
import { metadataLimits, readMetadata } from './event-metadata.ts';
import type { FieldRules } from './field-rules.ts';
import { createFieldReader } from './fields.ts';
import { normalise, type Outcome, type Repairs } from './outcome.ts';
import { checkSchemaVersion } from './schema-version.ts';
import { unknown } from './text.ts';
import { UnknownFields } from './unknown-fields.ts';

export const eventContract = {
  title: 'Event',
  meaning: 'An event.',
  description:
    'An event, identified by its event_id. If you send event_id and timestamp, sending the event again changes nothing.',
  envelope: ['external', 'events'],
  fields: {
    ...schemaVersion,
    event_id: {
      format: 'identifier',
      description: 'Id of the event. utmql creates one if it is missing.',
    },
    timestamp: {
      format: 'instant',
      description: 'When it happened. Default: when utmql received it.',
    },
    service: {
      format: 'identifier',
      maxLength: 256,
      description: 'The service that sent it, up to 256 characters. Default: unknown.',
    },
    message: {
      format: 'text',
      maxLength: 16_384,
      description: 'Text of the event, up to 16 KB of UTF-8.',
    },
    metadata: {
      format: 'object',
      maxLength: metadataLimits.bytes,
      description: `Additional data, as an object or its JSON text. At most 16 KB of UTF-8, ${metadataLimits.keys} keys over all levels, and ${metadataLimits.depth} levels.`,
    },
    ...utm,
  },
  push: {
    path: '/ingest/events',
    description:
      'Stores events. Sending an event with the same event_id and timestamp again changes nothing.',
    parameters: [],
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
} as const satisfies Contract;

const { service: serviceField, message: messageField } = eventContract.fields;

/** One event, identified by `eventId`. */
export interface Event {
  readonly eventId: string;
  /** Epoch milliseconds. */
  readonly timestamp: number;
  /** The day of `timestamp` in the reporting time zone. */
  readonly day: Day;
  /** The service that sent it, with its case kept; `unknown` if the event does not say. */
  readonly service: string;
  readonly message: string;
  /** JSON text of an object; empty if there is none. */
  readonly metadata: string;
  readonly utmCampaign: string;
  readonly utmSource: string;
  readonly utmMedium: string;
  readonly utmContent: string;
  readonly utmTerm: string;
  /** The fields that the contract does not name, as JSON text; empty if there are none. */
  readonly extra: string;
  /**
   * True if the id stays the same when the event is sent again, but the timestamp is the time of arrival. Such an event is
   * identified by its id alone.
   */
  readonly isDatedByArrival?: true;
}

export interface EventRules extends FieldRules {
  /** Returns the value for a missing timestamp, in epoch milliseconds. */
  now(): number;
  /** Returns the value for a missing event_id. */
  makeId(): string;
  /** Whether `makeId` returns the same id when the event is sent again. */
  isMadeIdRepeatable?(): boolean;
}

/** Returns the normaliser for events. It turns raw JSON into an event or the reason for a rejection. */
export function createEventNormaliser(rules: EventRules) {
  const read = createFieldReader<keyof typeof eventContract.fields>(rules);
  const unknownFields = new UnknownFields(eventContract);

  const service = (fields: Readonly<Record<string, unknown>>, repairs: Repairs): string => {
    const text = read.optionalIdentifier(fields, 'service', serviceField.maxLength);
    if (text !== '') return text;
    repairs.note('missing_to_unknown');
    return unknown;
  };

  return (raw: unknown, repairs: Repairs): Outcome<Event> =>
    normalise(raw, repairs, (fields) => {
      checkSchemaVersion(fields);
      let isDatedByArrival = false;
      const { instant, day } = read.instantAndDayOr(fields, 'timestamp', () => {
        repairs.note('missing_timestamp');
        isDatedByArrival = true;
        return rules.now();
      });
      const eventId = read.optionalIdentifier(fields, 'event_id');
      const isIdRepeatable = eventId !== '' || rules.isMadeIdRepeatable?.() === true;
      return {
        eventId: eventId || rules.makeId(),
        timestamp: instant,
        day,
        service: service(fields, repairs),
        message: read.text(fields, 'message', messageField.maxLength),
        metadata: readMetadata(fields.metadata, 'metadata'),
        utmCampaign: read.label(fields, 'utm_campaign', repairs),
        utmSource: read.label(fields, 'utm_source', repairs),
        utmMedium: read.label(fields, 'utm_medium', repairs),
        utmContent: read.label(fields, 'utm_content', repairs),
        utmTerm: read.label(fields, 'utm_term', repairs),
        extra: unknownFields.read(fields, repairs),
        ...(isDatedByArrival && isIdRepeatable ? { isDatedByArrival } : {}),
      };
    });
}
