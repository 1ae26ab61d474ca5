import type { Columns } from '../clickhouse/store.ts';
import type { AdPerformance } from '../records/ad-performance.ts';
import type { RowEncoder } from './row-binary.ts';

/** Of ads rows: what makes two of them the same row. */
export const adKeyColumns = {
  date: 'Date',
  channel: 'String',
  campaign_id: 'String',
  ad_group_id: 'String',
  ad_id: 'String',
  utm_campaign: 'String',
  utm_source: 'String',
  utm_medium: 'String',
  utm_content: 'String',
  utm_term: 'String',
  currency: 'String',
} as const satisfies Columns;

const adFigureColumns = {
  clicks: 'UInt64',
  impressions: 'UInt64',
  cost: 'Decimal(18,6)',
} as const satisfies Columns;

/** All of an ads row that its record says, in the order in which the two functions below and `extra` encode it. */
export const adColumns = {
  ...adKeyColumns,
  ...adFigureColumns,
  extra: 'String',
} as const satisfies Columns;

export function encodeAdKey(encoder: RowEncoder, record: AdPerformance): void {
  encoder.uint16(record.day);
  encoder.text(record.channel);
  encoder.text(record.campaignId);
  encoder.text(record.adGroupId);
  encoder.text(record.adId);
  encoder.text(record.utmCampaign);
  encoder.text(record.utmSource);
  encoder.text(record.utmMedium);
  encoder.text(record.utmContent);
  encoder.text(record.utmTerm);
  encoder.text(record.currency);
}

export function encodeAdFigures(encoder: RowEncoder, record: AdPerformance): void {
  encoder.uint64(record.clicks);
  encoder.uint64(record.impressions);
  encoder.money(record.cost);
}
