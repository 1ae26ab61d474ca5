import type { LabelName } from '../registry.ts';

/** A set of dimensions that sums are kept for, by day and by month. */
export interface RollupSet {
  readonly name: string;
  readonly dimensions: readonly LabelName[];
  /** The dimension that rows are ordered by before the day: one of its values is found without reading the others. */
  readonly lead?: LabelName;
}

/** Every set has these dimensions: sums without them could not be told apart by them. */
export const dimensionsOfAllSets: readonly LabelName[] = ['match', 'currency'];

export type RollupPeriod = 'day' | 'month';

/** Sets that have none but its dimensions are built from it. */
export const detailedRollupSet: RollupSet = {
  name: 'utm',
  dimensions: ['channel', 'campaignId', 'utmCampaign', 'utmSource', 'utmMedium', 'match', 'currency'],
};

const campaigns: RollupSet = { name: 'campaign', dimensions: ['channel', 'campaignId', 'match', 'currency'] };

/** What dashboards ask for, the fewest dimensions first. Two sets are there in two orders: by day, and by campaign. */
export const defaultRollupSets: readonly RollupSet[] = [
  { name: 'channel', dimensions: ['channel', 'match', 'currency'] },
  campaigns,
  { ...campaigns, name: 'campaign_lookup', lead: 'campaignId' },
  { name: 'source_medium', dimensions: ['channel', 'utmSource', 'utmMedium', 'match', 'currency'] },
  detailedRollupSet,
  { ...detailedRollupSet, name: 'utm_lookup', lead: 'utmCampaign' },
];
