import { UtmqlError } from '../../errors.ts';
import type { RecordBatch } from '../../formats/feed/record-batch.ts';
import { isObject, parseJson, type Raw } from '../../formats/json/parse.ts';
import { readJsonRecords } from '../../formats/read-records.ts';
import type { JudgedAnswer, Verdict } from '../../http-client/verdict.ts';
import { utmsOfQuery, utmsOfUrl } from '../mapping/landing-url.ts';
import type { PageBody } from '../pagination/page.ts';
import type { Adapter } from './adapter.ts';
import { amountOfMicros, objectOf, textOf } from './platform-values.ts';
import { googleAdsShortForm } from './short-forms/google-ads.ts';

/** A batch has up to 10,000 rows, some 6 MB. */
const maxBatchBytes = 32 * 1_048_576;

/** What stands beside or in place of the rows of a batch; no row has a field of these names. */
const batchFields = ['results', 'fieldMask', 'requestId', 'summaryRow', 'queryResourceConsumption', 'error'];

/**
 * The rows of an answer: `searchStream` answers an array of batches, each with its rows in `results`; `search` one such
 * batch. Streamed: one batch is held at a time.
 *
 * @throws UtmqlError SOURCE_UNAVAILABLE or SOURCE_REFUSED when the stream ends in an error, SOURCE_MALFORMED for a batch that cannot be read,
 *   since thousands of rows would be missing
 */
async function* readGoogleBatches({ body }: PageBody): AsyncGenerator<RecordBatch> {
  let read = 0;
  for await (const { records, malformed, bytes } of readJsonRecords(body, {
    envelope: ['results'],
    maxRecordBytes: maxBatchBytes,
  })) {
    if (malformed.length > 0) {
      throw new UtmqlError(
        'SOURCE_MALFORMED',
        'A batch of rows is no JSON, or larger than 32 MiB. Ask for fewer fields, or for fewer days at once (days_per_request).',
      );
    }
    const rows = records.flatMap(rowsOf);
    yield { records: rows, firstPosition: read + 1, malformed, bytes };
    read += rows.length;
  }
}

function rowsOf(value: unknown): readonly unknown[] {
  if (!isObject(value) || !batchFields.some((name) => Object.hasOwn(value, name))) return [value];
  if (Object.hasOwn(value, 'error')) throw errorOf(value);
  return Array.isArray(value.results) ? value.results : [];
}

/** A stream that has begun with 200 can still end in an error, of the query too. */
function errorOf({ error }: Raw): UtmqlError {
  const { code } = objectOf(error);
  const isRefusal = typeof code === 'number' && code >= 400 && code < 500 && code !== 429;
  const what = `The answer ended in an error of Google’s (${typeof code === 'number' ? code : 'without a code'})`;
  return isRefusal
    ? new UtmqlError('SOURCE_REFUSED', `${what}; check its query and its credentials.`)
    : new UtmqlError('SOURCE_UNAVAILABLE', `${what}.`, { retryable: true });
}

/** Rows of `googleAds:searchStream` (or `:search`) with `segments.date`: the Google Ads API over REST. */
export const googleAds: Adapter = {
  name: 'google_ads',
  kinds: ['ad_performance'],
  records: ['results'],
  shortForm: googleAdsShortForm,
  channel: 'google_ads',
  omitsZeros: true,
  method: 'POST',
  backfillDays: 30,
  // Its default conversion window.
  restatesDays: 30,
  read: readGoogleBatches,
  repeats: rowsOfAdsAndCampaigns,
  judge: judgeGoogle,
  record(row) {
    const { campaign, adGroup, metrics, segments, customer } = row;
    const ad = objectOf(objectOf(row.adGroupAd).ad);
    const figures = objectOf(metrics);
    return {
      date: objectOf(segments).date,
      campaign_id: objectOf(campaign).id,
      ad_group_id: objectOf(adGroup).id,
      ad_id: ad.id,
      clicks: figures.clicks,
      impressions: figures.impressions,
      cost: amountOfMicros(figures.costMicros),
      currency: objectOf(customer).currencyCode,
      ...utmsOf([ad, objectOf(adGroup), objectOf(campaign), objectOf(customer)]),
    };
  },
};

/**
 * Rows of campaigns stand in place of ads where a campaign has none, as with Performance Max; of a campaign that had rows of ads
 * on the same day, they sum those up.
 */
function rowsOfAdsAndCampaigns(): (row: Raw) => boolean {
  const withAds = new Map<unknown, Set<unknown>>();
  return ({ segments, campaign, adGroup, adGroupAd }) => {
    const { date } = objectOf(segments);
    const { id } = objectOf(campaign);
    if (adGroupAd !== undefined) {
      withAds.set(date, (withAds.get(date) ?? new Set()).add(id));
      return false;
    }
    return adGroup === undefined && withAds.get(date)?.has(id) === true;
  };
}

/**
 * UTMs of the page that a click leads to. Its address is the final URL with the suffix behind it, put into the tracking
 * template; each of these is the one of the lowest level that has it; a blank is none. Of a parameter that comes several times, a page sees
 * the first.
 *
 * @param levels ad, ad group, campaign and customer, as far as the query selected them
 */
function utmsOf(levels: readonly [Raw, Raw, Raw, Raw]): Raw {
  const [ad, adGroup, campaign] = levels;
  const lowest = (field: string): unknown =>
    levels.find((level) => textOf(level[field]).trim() !== '')?.[field];
  const [finalUrl] = Array.isArray(ad.finalUrls) ? ad.finalUrls : [];
  const utms: Raw = {
    ...utmsOfUrl(lowest('trackingUrlTemplate')),
    ...utmsOfQuery(lowest('finalUrlSuffix')),
    ...utmsOfUrl(finalUrl),
  };
  const known = new Map<string, unknown>([
    ...[campaign, adGroup, ad].flatMap(customParameters),
    ['campaignid', campaign.id],
    ['adgroupid', adGroup.id],
    ['creative', ad.id],
  ]);
  const filled = (value: unknown): string =>
    textOf(value).replace(/\{(_?\w+)\}/g, (placeholder, name: string) => {
      const found = known.get(name.toLowerCase());
      return typeof found === 'string' || typeof found === 'number' ? String(found) : placeholder;
    });
  return Object.fromEntries(Object.entries(utms).map(([name, value]) => [name, filled(value)]));
}

/** `{_season}` stands for the custom parameter `season`. */
function customParameters(level: Raw): [string, unknown][] {
  const parameters: unknown[] = Array.isArray(level.urlCustomParameters) ? level.urlCustomParameters : [];
  return parameters.map(objectOf).map(({ key, value }) => [`_${textOf(key).toLowerCase()}`, value]);
}

/**
 * Errors are `{"error": …}`, from searchStream in an array. Their `status` is a name such as RESOURCE_EXHAUSTED; when to come
 * again stands in a `retryDelay` such as `893s`, in one of the details.
 */
function judgeGoogle({ status, body }: JudgedAnswer): Verdict | undefined {
  const text = body.toString('utf8');
  const parsed = parseJson(text);
  const { error } = objectOf(Array.isArray(parsed) ? parsed[0] : parsed);
  const name = /^[A-Z_]+$/.exec(textOf(objectOf(error).status))?.[0];
  if (status === 429 || name === 'RESOURCE_EXHAUSTED') {
    const seconds = /"retryDelay"\s*:\s*"(\d+(?:\.\d+)?)s"/.exec(text)?.[1];
    const retryAfterMs = seconds === undefined ? undefined : Number(seconds) * 1_000;
    return { kind: 'throttled', detail: name ?? 'too many requests', retryAfterMs };
  }
  return name === undefined || status >= 500 ? undefined : { kind: 'refused', detail: name };
}
