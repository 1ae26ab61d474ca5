import { createDayOfInstant, type Day, formatDay } from '../records/day.ts';
import { sampleDays } from './campaigns.ts';
import { spoilAds, spoilCrm } from './dirt.ts';
import type { DatedRecord } from './feed-record.ts';
import { createRandom } from './random.ts';
import { type AdsRow, sampleAds, sampleOlderAds } from './sample-ads.ts';
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
  const leads = sampleLeads({ from: firstSampleDay(today), to: today, today }, ads, random);
  return { ads: spoilAds(ads.map(adsRecord)), opportunities: spoilCrm(leads.map(crmRecord(9_001))) };
}

/** The first of the days that `createSampleData` gives. */
export const firstSampleDay = (today: Day): Day => today - sampleDays + 1;

/** The `days` before those of `createSampleData`, in the same way, but with fewer rows and without what feeds do wrong. */
export function createOlderData(today: Day, days: number): SampleData {
  const random = createRandom(seed);
  const ads = sampleOlderAds(today, days, random);
  const to = firstSampleDay(today) - 1;
  const leads = sampleLeads({ from: to - days + 1, to, today }, ads, random);
  return { ads: ads.map(adsRecord), opportunities: leads.map(crmRecord(100_001)) };
}

const dayOf = createDayOfInstant('UTC');

function adsRecord(row: AdsRow): DatedRecord {
  const { campaign } = row;
  const record = {
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
  return { day: row.day, record };
}

const crmRecord =
  (firstNumber: number) =>
  (lead: Lead, index: number): DatedRecord => {
    const { utm } = lead;
    const record = {
      opportunity_id: `O-${firstNumber + index}`,
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
    return { day: dayOf(lead.createdAt), record };
  };
