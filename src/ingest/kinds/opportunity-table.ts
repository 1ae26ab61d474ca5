import type { AdPerformance } from '../../records/ad-performance.ts';
import type { Opportunity } from '../../records/opportunity.ts';
import { stages } from '../../records/stage.ts';
import type { ColumnsFor } from '../storage/column-set.ts';
import { recordTable } from '../storage/record-table.ts';

/** The ads campaign that an opportunity is attributed to. */
export interface Attributed {
  readonly channel: string;
  readonly campaignId: string;
  /** `EXACT`, `WINDOW`, `CAMPAIGN` or `UNATTRIBUTED`. */
  readonly match: string;
}

export const opportunityTable = recordTable<Opportunity, 'updatedAt' | 'isDeleted'>()({
  name: 'opportunities',
  key: { opportunity_id: 'String' },
  values: {
    date: 'Date',
    created_at: 'DateTime64(3)',
    closed_at: 'DateTime64(3)',
    closed_day: 'Date',
    stage: { enumeration: stages },
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
  },
  others: ['channel', 'campaign_id', 'match', 'workspace', 'namespace', 'source', 'version', 'is_deleted'],
});

/**
 * The columns of opportunities and ads rows that attribution compares, the campaign first. An opportunity that is written again
 * keeps its match while its day and these columns stay.
 */
export const attributedBy = [
  'utm_campaign',
  'utm_source',
  'utm_medium',
] as const satisfies readonly (keyof ColumnsFor<Opportunity> & keyof ColumnsFor<AdPerformance>)[];
export type AttributedBy = (typeof attributedBy)[number];
