import type { JsonObject } from '../../formats/json/parse.ts';
import type { ClassifiedResponse, FailureClass } from '../../http-client/failure-classifier.ts';
import { pageField } from '../pagination/page-field.ts';
import type { Adapter } from './adapter.ts';
import { asObject } from './platform-values.ts';
import { tiktokShortForm } from './short-forms/tiktok.ts';

/** Rows of `report/integrated/get` with the dimension `stat_time_day`: the TikTok Business API. */
export const tiktok: Adapter = {
  name: 'tiktok',
  kinds: ['ad_performance'],
  records: ['data', 'list'],
  shortForm: tiktokShortForm,
  channel: 'tiktok_ads',
  pagination: { kind: 'page_number', parameter: 'page', start: 1, stop: ['data', 'page_info', 'total_page'] },
  total: ['data', 'page_info', 'total_number'],
  backfillDays: 30,
  daysPerRequest: 30,
  classifyFailure: classifyTiktokFailure,
  record(row) {
    // A row of ads has the ids of its ad group and campaign among the metrics, if requested.
    const values: JsonObject = { ...withoutDashes(row.metrics), ...withoutDashes(row.dimensions) };
    return {
      date: dayOf(values.stat_time_day),
      campaign_id: values.campaign_id,
      ad_group_id: values.adgroup_id,
      ad_id: values.ad_id,
      clicks: values.clicks,
      impressions: values.impressions,
      cost: values.spend,
      conversions: values.conversion,
      // The platform reports the value of purchases, whatever else counts as a conversion.
      conversion_value: values.total_purchase_value,
      currency: values.currency,
    };
  },
};

/** Removes values of `-`, which mean no value. */
const withoutDashes = (values: unknown): JsonObject =>
  Object.fromEntries(Object.entries(asObject(values)).filter(([, value]) => value !== '-'));

/** `2025-08-01 00:00:00` is a day in the ad account's time zone, not an instant. */
const dayOf = (time: unknown): unknown =>
  typeof time === 'string' ? time.replace(/^(\d{4}-\d{2}-\d{2}) 00:00:00$/, '$1') : time;

/** Errors have a `code` other than 0, mostly with status 200; 40100: too many requests; from 50000: TikTok's own failures. */
function classifyTiktokFailure({ body }: ClassifiedResponse): FailureClass | undefined {
  const code = pageField(body, ['code']);
  if (typeof code !== 'number' || code === 0) return undefined;
  const detail = `code ${code}`;
  if (code === 40_100) return { kind: 'throttled', detail };
  return { kind: code >= 50_000 ? 'unavailable' : 'refused', detail };
}
