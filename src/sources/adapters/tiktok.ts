import type { Raw } from '../../formats/json/parse.ts';
import type { JudgedAnswer, Verdict } from '../../http-client/verdict.ts';
import { pageField } from '../pagination/page-field.ts';
import type { Adapter } from './adapter.ts';
import { objectOf } from './platform-values.ts';
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
  judge: judgeTiktok,
  record(row) {
    // A row of ads has the ids above it among its metrics, where the query asks for them.
    const values: Raw = { ...given(row.metrics), ...given(row.dimensions) };
    return {
      date: dayOf(values.stat_time_day),
      campaign_id: values.campaign_id,
      ad_group_id: values.adgroup_id,
      ad_id: values.ad_id,
      clicks: values.clicks,
      impressions: values.impressions,
      cost: values.spend,
      currency: values.currency,
    };
  },
};

/** `-` stands for a value that there is not. */
const given = (values: unknown): Raw =>
  Object.fromEntries(Object.entries(objectOf(values)).filter(([, value]) => value !== '-'));

/** `2025-08-01 00:00:00` is a day of the ad account's time zone and not an instant. */
const dayOf = (time: unknown): unknown =>
  typeof time === 'string' ? time.replace(/^(\d{4}-\d{2}-\d{2}) 00:00:00$/, '$1') : time;

/** An error is a `code` other than 0, mostly in an answer with status 200; 40100: too many requests; from 50000: theirs. */
function judgeTiktok({ body }: JudgedAnswer): Verdict | undefined {
  const code = pageField(body, ['code']);
  if (typeof code !== 'number' || code === 0) return undefined;
  const detail = `code ${code}`;
  if (code === 40_100) return { kind: 'throttled', detail };
  return { kind: code >= 50_000 ? 'unavailable' : 'refused', detail };
}
