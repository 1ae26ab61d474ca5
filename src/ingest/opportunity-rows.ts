import type { Columns } from '../clickhouse/store.ts';
import type { Day } from '../records/day.ts';
import type { Opportunity } from '../records/opportunity.ts';
import { stages } from '../records/stage.ts';
import type { RowEncoder } from './row-binary.ts';

/** All of an opportunity's row that its record says, in the order in which `encodeOpportunity` writes it. */
export const opportunityColumns = {
  date: 'Date',
  opportunity_id: 'String',
  created_at: 'DateTime64(3)',
  stage: 'UInt8',
  stage_name: 'String',
  amount: 'Decimal(18,6)',
  currency: 'String',
  contact_hash: 'String',
  utm_campaign: 'String',
  utm_source: 'String',
  utm_medium: 'String',
  utm_content: 'String',
  utm_term: 'String',
  extra: 'String',
} as const satisfies Columns;

/** @param day the record's own, or one that it has left and whose row is to be deleted */
export function encodeOpportunity(encoder: RowEncoder, record: Opportunity, day: Day): void {
  encoder.uint16(day);
  encoder.text(record.opportunityId);
  encoder.int64(record.createdAt);
  encoder.uint8(stages.indexOf(record.stage));
  encoder.text(record.stageName);
  encoder.money(record.amount);
  encoder.text(record.currency);
  encoder.text(record.contactHash);
  encoder.text(record.utmCampaign);
  encoder.text(record.utmSource);
  encoder.text(record.utmMedium);
  encoder.text(record.utmContent);
  encoder.text(record.utmTerm);
  encoder.text(record.extra);
}
