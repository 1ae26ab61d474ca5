import { createDayOfInstant, type Day, formatDay } from '../records/day.ts';
import { spoilAds, spoilCrm } from './dirt.ts';
import type { DatedRecord, FeedRecord } from './feed-record.ts';
import { createRandom } from './random.ts';
import { type AdsRow, sampleAds } from './sample-ads.ts';
import { type Lead, sampleLeads } from './sample-crm.ts';

export interface SampleData {
  readonly ads: readonly DatedRecord[];
  readonly opportunities: readonly DatedRecord[];
}

/** Chosen so that, whatever weekday `today` is, the channels rank alike and none looks absurd over the last 30 days. */
const seed = 4_638;

/**
 * Half a year of ads and CRM records up to and including `today`, as two feeds would give them: plausible figures, and what
 * real feeds do wrong. The same day gives the same data.
 */
export function createSampleData(today: Day): SampleData {
  const random = createRandom(seed);
  const ads = sampleAds(today, random);
  const leads = sampleLeads(today, ads, random);
  return {
    ads: spoilAds(ads.map((row) => ({ day: row.day, record: adsRecord(row) }))),
    opportunities: spoilCrm(
      leads.map((lead, index) => ({ day: dayOf(lead.createdAt), record: crmRecord(lead, index) })),
    ),
  };
}

const dayOf = createDayOfInstant('UTC');

function adsRecord(row: AdsRow): FeedRecord {
  const { campaign } = row;
  return {
    date: formatDay(row.day),
    campaign_id: campaign.id,
    channel: campaign.channel.name,
    // Left out of the JSON where the feed is not that fine.
    ad_group_id: row.adGroupId,
    ad_id: row.adId,
    clicks: row.clicks,
    impressions: row.impressions,
    cost: row.cost,
    currency: 'USD',
    utm_campaign: campaign.name,
    utm_source: row.source,
    utm_medium: campaign.channel.medium,
    utm_content: row.content,
    utm_term: row.term,
  };
}

function crmRecord(lead: Lead, index: number): FeedRecord {
  const { utm } = lead;
  return {
    opportunity_id: `O-${9_001 + index}`,
    contact_email: lead.email,
    stage: lead.stage,
    amount: lead.amount,
    currency: 'USD',
    created_at: new Date(lead.createdAt).toISOString(),
    updated_at: new Date(lead.updatedAt).toISOString(),
    utm_campaign: utm.campaign ?? null,
    utm_source: utm.source ?? null,
    utm_medium: utm.medium ?? null,
    utm_content: utm.content ?? null,
    utm_term: utm.term ?? null,
  };
}
