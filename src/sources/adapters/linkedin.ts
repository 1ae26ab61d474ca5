import type { Adapter } from './adapter.ts';
import { objectOf, severalDays, textOf } from './platform-values.ts';
import { linkedinShortForm } from './short-forms/linkedin.ts';

/** Elements of `adAnalytics` with `timeGranularity=DAILY`: the LinkedIn Marketing API. */
export const linkedin: Adapter = {
  name: 'linkedin',
  kinds: ['ad_performance'],
  records: ['elements'],
  shortForm: linkedinShortForm,
  channel: 'linkedin_ads',
  // Of a finder that pages, a shorter page is the last.
  pagination: { kind: 'offset', parameter: 'start', limitParameter: 'count', limit: 15_000, stop: 'short' },
  // An answer has 15,000 elements at most, and does not say whether there are more.
  window: () => ({ by: 'day', limit: 15_000 }),
  backfillDays: 30,
  record(element) {
    const { start, end = start } = objectOf(element.dateRange);
    const day = dayOf(start);
    if (dayOf(end) !== day) throw severalDays('timeGranularity=DAILY');
    const pivots = idsOf(element.pivotValues);
    return {
      date: day,
      campaign_id: pivots.get('sponsoredCampaign') ?? pivots.get('sponsoredCampaignGroup'),
      ad_id: pivots.get('sponsoredCreative'),
      clicks: element.clicks,
      impressions: element.impressions,
      // A decimal text, at times with the noise of floats: -2e-18 is nothing.
      cost: element.costInLocalCurrency,
    };
  },
};

/** `{"year": 2025, "month": 8, "day": 1}`; undefined, which gets the record rejected, where it is not whole. */
function dayOf(date: unknown): string | undefined {
  const { year, month, day } = objectOf(date);
  if (![year, month, day].every(Number.isInteger)) return undefined;
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

/** `urn:li:sponsoredCampaign:1234567` by its type. */
function idsOf(urns: unknown): Map<string, string> {
  const values: unknown[] = Array.isArray(urns) ? urns : [];
  return new Map(
    values.map((urn): [string, string] => {
      const [, , type = '', ...id] = textOf(urn).split(':');
      return [type, id.join(':')];
    }),
  );
}
