import type { AdFigure, AdPerformance } from '../../records/ad-performance.ts';
import { recordTable } from '../storage/record-table.ts';

export const adPerformanceTable = recordTable<AdPerformance, 'updatedAt'>()({
  name: 'ad_performance',
  key: {
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
    breakdowns: 'Map(String, String)',
  },
  values: {
    clicks: 'UInt64',
    impressions: 'UInt64',
    cost: 'Decimal(18,6)',
    conversions: 'Decimal(18,6)',
    conversion_value: 'Decimal(18,6)',
  } satisfies Record<AdFigure, 'UInt64' | 'Decimal(18,6)'>,
  aside: { extra: 'String', extra_measures: 'Map(String, Decimal(18,6))' },
  // `row_key` is a hash of the key, which statements copy: working it out again would take half of their time.
  others: ['row_key', 'workspace', 'source', 'version', 'is_deleted'],
});
