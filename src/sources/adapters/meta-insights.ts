import { parseJson } from '../../formats/json/parse.ts';
import type { ClassifiedResponse, FailureClass } from '../../http-client/failure-classifier.ts';
import { pageField } from '../pagination/page-field.ts';
import type { Adapter } from './adapter.ts';
import { asObject, asText, multiDayRowError } from './platform-values.ts';
import { metaInsightsShortForm } from './short-forms/meta-insights.ts';

/** Rate limit codes: of the app, the user, the page, the ad account, and 80000–80014 of the business use cases. */
const throttleCodes = new Set([
  4,
  17,
  32,
  613,
  ...Array.from({ length: 15 }, (_, offset) => 80_000 + offset),
]);

/**
 * Rows of `act_…/insights` with `time_increment=1`. `actions[]` lists one event under several names (`omni_purchase`, `purchase`,
 * `offsite_conversion.fb_pixel_purchase`): one of them counts as conversions. Leads come from the CRM.
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
  classifyFailure: classifyMetaFailure,
  takesConversionEvent: true,
  record(row, { conversionEvent }) {
    const stops = row.date_stop ?? row.date_start;
    if (stops !== row.date_start) throw multiDayRowError('time_increment=1');
    return {
      date: row.date_start,
      campaign_id: row.campaign_id,
      ad_group_id: row.adset_id,
      ad_id: row.ad_id,
      // This breakdown gives one row per platform: without it in the key, the rows would replace each other.
      channel: row.publisher_platform,
      clicks: row.clicks,
      impressions: row.impressions,
      cost: row.spend,
      conversions: valueOfEvent(row.actions, conversionEvent),
      conversion_value: valueOfEvent(row.action_values, conversionEvent),
      currency: row.account_currency,
    };
  },
};

/** What an account sells, where the source does not say what counts. */
const usualEvent = 'purchase';

/**
 * The names of one event, the one that has all of it first: everywhere, then the older total, then the website’s pixel, the
 * website, Meta’s own pages, and the app.
 */
const namesOfEvent = (event: string): readonly string[] =>
  event.includes('.')
    ? [event]
    : [
        `omni_${event}`,
        event,
        `offsite_conversion.fb_pixel_${event}`,
        `onsite_web_${event}`,
        `onsite_conversion.${event}`,
        `app_custom_event.fb_mobile_${event}`,
      ];

/** The value under the first of the event’s names that the list has, so that it counts once; undefined: it has none. */
function valueOfEvent(list: unknown, event = usualEvent): unknown {
  const entries: unknown[] = Array.isArray(list) ? list : [];
  const values = new Map(
    entries.map(asObject).map((entry) => [asText(entry.action_type), entry.value] as const),
  );
  const name = namesOfEvent(event).find((each) => values.has(each));
  return name === undefined ? undefined : values.get(name);
}

/** Errors are `{"error": {"code": 80004, …}}`, mostly with status 400 or 403. */
function classifyMetaFailure({ status, headers, body }: ClassifiedResponse): FailureClass | undefined {
  const error = asObject(pageField(body, ['error']));
  const code = typeof error.code === 'number' ? error.code : undefined;
  const detail = `error ${code}`;
  if (code === undefined) return undefined;
  if (throttleCodes.has(code)) return { kind: 'throttled', detail, retryAfterMs: untilAccess(headers) };
  if (error.is_transient === true) return { kind: 'unavailable', detail };
  return status >= 500 ? undefined : { kind: 'refused', detail };
}

/** Milliseconds from `{"<business>": [{"estimated_time_to_regain_access": 19, …}]}` (minutes; 0 while access is not lost). */
function untilAccess(headers: ClassifiedResponse['headers']): number | undefined {
  const usage = asObject(parseJson(asText(headers['x-business-use-case-usage'])));
  const minutes = Object.values(usage)
    .flatMap((cases): unknown[] => (Array.isArray(cases) ? cases : []))
    .map((useCase) => Number(asObject(useCase).estimated_time_to_regain_access))
    .filter((wait) => wait > 0);
  return minutes.length === 0 ? undefined : Math.max(...minutes) * 60_000;
}
