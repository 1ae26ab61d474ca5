import { contracts, type FieldName } from './contract.ts';
import type { Day } from './day.ts';
import { readMetadata } from './event-metadata.ts';
import { FieldReader, type FieldRules } from './fields.ts';
import { normalise, type Outcome, type Repairs } from './outcome.ts';
import { checkSchemaVersion } from './schema-version.ts';
import { unknown } from './text.ts';
import { UnknownFields } from './unknown-fields.ts';

const { service: serviceField, message: messageField } = contracts.event.fields;

/** Anything that happened, known by `eventId`. */
export interface Event {
  readonly eventId: string;
  /** Epoch milliseconds. */
  readonly timestamp: number;
  /** The day of `timestamp` in the reporting time zone. */
  readonly day: Day;
  /** What sent it, in its own case; `unknown` where the event does not say. */
  readonly service: string;
  readonly message: string;
  /** The JSON text of an object; empty where there is none. */
  readonly metadata: string;
  readonly utmCampaign: string;
  readonly utmSource: string;
  readonly utmMedium: string;
  readonly utmContent: string;
  readonly utmTerm: string;
  /** Fields that the contract does not name, as JSON text; empty where there are none. */
  readonly extra: string;
  /** Its id is the same when it is sent again, but its timestamp is when it came: it is known by the id alone. */
  readonly isDatedByArrival?: true;
}

export interface EventRules extends FieldRules {
  /** Epoch milliseconds: stands in for a missing timestamp. */
  now(): number;
  /** Stands in for a missing event_id. */
  makeId(): string;
  /** Whether the id that is made is the same when the event is sent again. */
  isMadeIdRepeatable?(): boolean;
}

/** Makes the normaliser for events: raw JSON in, an event or the reason against it out. */
export function createEventNormaliser(rules: EventRules) {
  const read = new FieldReader<FieldName<'event'>>(rules);
  const unknownFields = new UnknownFields('event');

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
