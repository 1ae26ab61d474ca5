import { parseJson } from '../../formats/json/parse.ts';
import type { JudgedAnswer, Verdict } from '../../http-client/verdict.ts';
import { pageField } from '../pagination/page-field.ts';
import type { Adapter } from './adapter.ts';
import { objectOf, severalDays, textOf } from './platform-values.ts';
import { metaInsightsShortForm } from './short-forms/meta-insights.ts';

/** Codes of too many calls: of the app, the user, the page, the ad account, and 80000–80014 of the business use cases. */
const throttleCodes = new Set([
  4,
  17,
  32,
  613,
  ...Array.from({ length: 15 }, (_, offset) => 80_000 + offset),
]);

/**
 * Rows of `act_…/insights` with `time_increment=1`. `actions[]` is not read: one event stands there under several names
 * (`lead`, `onsite_conversion.lead_grouped`, `offsite_conversion.fb_pixel_lead`), whose sum counts it several times; leads
 * come from the CRM.
 */
export const metaInsights: Adapter = {
  name: 'meta_insights',
  kinds: ['ad_performance'],
  records: ['data'],
  shortForm: metaInsightsShortForm,
  channel: 'meta_ads',
  pagination: {
    kind: 'cursor',
    field: ['paging', 'cursors', 'after'],
    parameter: 'after',
    more: ['paging', 'next'],
  },
  backfillDays: 30,
  // Its longest attribution window.
  restatesDays: 28,
  judge: judgeMeta,
  record(row) {
    const stops = row.date_stop ?? row.date_start;
    if (stops !== row.date_start) throw severalDays('time_increment=1');
    return {
      date: row.date_start,
      campaign_id: row.campaign_id,
      ad_group_id: row.adset_id,
      ad_id: row.ad_id,
      // With this breakdown there is one row a platform: without it in the key, they would replace each other.
      channel: row.publisher_platform,
      clicks: row.clicks,
      impressions: row.impressions,
      cost: row.spend,
      currency: row.account_currency,
    };
  },
};

/** Errors come as `{"error": {"code": 80004, …}}`, mostly with status 400 or 403. */
function judgeMeta({ status, headers, body }: JudgedAnswer): Verdict | undefined {
  const error = objectOf(pageField(body, ['error']));
  const code = typeof error.code === 'number' ? error.code : undefined;
  const detail = `error ${code}`;
  if (code === undefined) return undefined;
  if (throttleCodes.has(code)) return { kind: 'throttled', detail, retryAfterMs: untilAccess(headers) };
  if (error.is_transient === true) return { kind: 'unavailable', detail };
  return status >= 500 ? undefined : { kind: 'refused', detail };
}

/** `{"<business>": [{"estimated_time_to_regain_access": 19, …}]}`, in minutes; 0 while access is not lost. */
function untilAccess(headers: JudgedAnswer['headers']): number | undefined {
  const usage = objectOf(parseJson(textOf(headers['x-business-use-case-usage'])));
  const minutes = Object.values(usage)
    .flatMap((cases): unknown[] => (Array.isArray(cases) ? cases : []))
    .map((useCase) => Number(objectOf(useCase).estimated_time_to_regain_access))
    .filter((wait) => wait > 0);
  return minutes.length === 0 ? undefined : Math.max(...minutes) * 60_000;
}
