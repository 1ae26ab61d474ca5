import type { Adapter } from './adapter.ts';
import { asObject, asText, multiDayRowError } from './platform-values.ts';
import { linkedinShortForm } from './short-forms/linkedin.ts';

/** Elements of `adAnalytics` with `timeGranularity=DAILY`: the LinkedIn Marketing API. */
export const linkedin: Adapter = {
  name: 'linkedin',
  kinds: ['ad_performance'],
  records: ['elements'],
  shortForm: linkedinShortForm,
  channel: 'linkedin_ads',
  // A page with fewer elements than asked for is the last.
  pagination: { kind: 'offset', parameter: 'start', limitParameter: 'count', limit: 15_000, stop: 'short' },
  // A response has at most 15,000 elements and does not say whether there are more.
  window: () => ({ by: 'day', limit: 15_000 }),
  backfillDays: 30,
  record(element) {
    const { start, end = start } = asObject(element.dateRange);
    const day = dayOf(start);
    if (dayOf(end) !== day) throw multiDayRowError('timeGranularity=DAILY');
    const pivots = idsOf(element.pivotValues);
    return {
      date: day,
      campaign_id: pivots.get('sponsoredCampaign') ?? pivots.get('sponsoredCampaignGroup'),
      ad_id: pivots.get('sponsoredCreative'),
      clicks: element.clicks,
      impressions: element.impressions,
      // Decimal text, sometimes with float noise: -2e-18 is 0.
      cost: element.costInLocalCurrency,
      conversions: element.externalWebsiteConversions,
      conversion_value: element.conversionValueInLocalCurrency,
    };
  },
};

/** Reads `{"year": 2025, "month": 8, "day": 1}`; undefined if a part is missing, which rejects the record. */
function dayOf(date: unknown): string | undefined {
  const { year, month, day } = asObject(date);
  if (![year, month, day].every(Number.isInteger)) return undefined;
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

/** Returns the ids of URNs such as `urn:li:sponsoredCampaign:1234567` by type. */
function idsOf(urns: unknown): Map<string, string> {
  const values: unknown[] = Array.isArray(urns) ? urns : [];
  return new Map(
    values.map((urn): [string, string] => {
      const [, , type = '', ...id] = asText(urn).split(':');
      return [type, id.join(':')];
    }),
  );
}
