import type { AdPerformance } from '../../records/ad-performance.ts';
import type { RecordKind } from '../../records/contract.ts';
import type { Event } from '../../records/event.ts';
import type { Opportunity } from '../../records/opportunity.ts';
import type { Side } from '../attribution/pending-days.ts';

/** The record of each kind. */
export interface Records {
  readonly ad_performance: AdPerformance;
  readonly opportunity: Opportunity;
  readonly event: Event;
}

/** A record that says of which kind it is. */
export type KindRecord = {
  readonly [Kind in RecordKind]: { readonly kind: Kind; readonly record: Records[Kind] };
}[RecordKind];

interface KindFacts<Kind extends RecordKind> {
  /** The keys that lead to the array of records, where a body has an envelope. */
  readonly envelope: readonly string[];
  /** Which days are attributed anew when records of this kind change. */
  readonly attributed: Side | undefined;
  /** The variable that says for how many days the kind is kept. */
  readonly retention: 'DATA_RETENTION_DAYS' | 'EVENT_RETENTION_DAYS';
  /** What a record is known by: two with the same are one row. */
  keyOf(record: Records[Kind]): string;
}

export const kindFacts: { readonly [Kind in RecordKind]: KindFacts<Kind> } = {
  ad_performance: {
    envelope: ['external', 'ads', 'performance'],
    attributed: 'ads',
    retention: 'DATA_RETENTION_DAYS',
    keyOf: (record) =>
      JSON.stringify([
        record.day,
        record.channel,
        record.campaignId,
        record.adGroupId,
        record.adId,
        record.utmCampaign,
        record.utmSource,
        record.utmMedium,
        record.utmContent,
        record.utmTerm,
        record.currency,
        record.breakdowns,
      ]),
  },
  opportunity: {
    envelope: ['external', 'crm', 'opportunities'],
    attributed: 'opportunities',
    retention: 'DATA_RETENTION_DAYS',
    keyOf: ({ opportunityId }) => opportunityId,
  },
  event: {
    envelope: ['external', 'events'],
    attributed: undefined,
    retention: 'EVENT_RETENTION_DAYS',
    keyOf: ({ eventId }) => eventId,
  },
};

/** What the record is known by among those of its kind. */
export const keyOf = (entry: KindRecord): string => keyOfKind(entry.kind, entry.record);

const keyOfKind = <Kind extends RecordKind>(kind: Kind, record: Records[Kind]): string =>
  kindFacts[kind].keyOf(record);
