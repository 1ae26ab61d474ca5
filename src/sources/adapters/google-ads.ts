import { UtmqlError } from '../../errors.ts';
import type { RecordBatch } from '../../formats/feed/record-batch.ts';
import { isObject, type JsonObject, parseJson } from '../../formats/json/parse.ts';
import { readJsonRecords } from '../../formats/read-records.ts';
import { sentencesIn } from '../../http-client/error-sentence.ts';
import type { ClassifiedResponse, FailureClass } from '../../http-client/failure-classifier.ts';
import { quotedEnd } from '../../http-client/quote.ts';
import { utmsOfQuery, utmsOfUrl } from '../mapping/landing-url.ts';
import type { PageBody } from '../pagination/page.ts';
import type { Adapter } from './adapter.ts';
import { asObject, asText, microsToDecimal } from './platform-values.ts';
import { googleAdsShortForm } from './short-forms/google-ads.ts';

/** A batch has up to 10,000 rows, some 6 MB. */
const maxBatchBytes = 32 * 1_048_576;

/** Fields of a batch. No row has a field of these names. */
const batchFields = ['results', 'fieldMask', 'requestId', 'summaryRow', 'queryResourceConsumption', 'error'];

/**
 * Streams the rows of a response, one batch in memory at a time. `searchStream` returns an array of batches, each with its rows
 * in `results`; `search` returns one such batch.
 *
 * @throws UtmqlError SOURCE_UNAVAILABLE or SOURCE_REFUSED when the stream ends in an error, SOURCE_MALFORMED for a batch that cannot be read,
 *   since thousands of rows would be missing
 */
async function* readGoogleBatches(
  { body }: PageBody,
  { hide }: Parameters<NonNullable<Adapter['read']>>[1],
): AsyncGenerator<RecordBatch> {
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
    const rows = records.flatMap((value) => rowsOf(value, hide));
    yield { records: rows, firstPosition: read + 1, malformed, bytes };
    read += rows.length;
  }
}

function rowsOf(value: unknown, hide: (text: string) => string): readonly unknown[] {
  if (!isObject(value) || !batchFields.some((name) => Object.hasOwn(value, name))) return [value];
  if (Object.hasOwn(value, 'error')) throw errorOf(value, hide);
  return Array.isArray(value.results) ? value.results : [];
}

/** A stream with status 200 can still end in an error, even one of the query. */
function errorOf({ error }: JsonObject, hide: (text: string) => string): UtmqlError {
  const { code } = asObject(error);
  const isRefusal = typeof code === 'number' && code >= 400 && code < 500 && code !== 429;
  const what = `The answer ended in an error of Google’s (${typeof code === 'number' ? code : 'without a code'})${quotedEnd(sentencesIn(error), hide)}`;
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
  createRollupTest: createCampaignRollupTest,
  classifyFailure: classifyGoogleFailure,
  record(row) {
    const { campaign, adGroup, metrics, segments, customer } = row;
    const ad = asObject(asObject(row.adGroupAd).ad);
    const figures = asObject(metrics);
    return {
      date: asObject(segments).date,
      campaign_id: asObject(campaign).id,
      ad_group_id: asObject(adGroup).id,
      ad_id: ad.id,
      clicks: figures.clicks,
      impressions: figures.impressions,
      cost: microsToDecimal(figures.costMicros),
      conversions: figures.conversions,
      conversion_value: figures.conversionsValue,
      currency: asObject(customer).currencyCode,
      ...landingPageUtms([ad, asObject(adGroup), asObject(campaign), asObject(customer)]),
    };
  },
};

/**
 * Creates a test that returns true for campaign rows that repeat ad rows. A campaign without ads, such as Performance Max, has
 * only campaign rows; one with ad rows on the same day has both, and the campaign row is their sum.
 */
function createCampaignRollupTest(): (row: JsonObject) => boolean {
  const withAds = new Map<unknown, Set<unknown>>();
  return ({ segments, campaign, adGroup, adGroupAd }) => {
    const { date } = asObject(segments);
    const { id } = asObject(campaign);
    if (adGroupAd !== undefined) {
      withAds.set(date, (withAds.get(date) ?? new Set()).add(id));
      return false;
    }
    return adGroup === undefined && withAds.get(date)?.has(id) === true;
  };
}

/**
 * Returns the UTMs of the landing page. Its address is the final URL with the final URL suffix, inserted into the tracking
 * template; each of these comes from the lowest level that has a non-blank one. Of a repeated parameter the first counts.
 *
 * @param levels ad, ad group, campaign and customer; empty where the query did not select them
 */
function landingPageUtms(levels: readonly [JsonObject, JsonObject, JsonObject, JsonObject]): JsonObject {
  const [ad, adGroup, campaign] = levels;
  const lowest = (field: string): unknown =>
    levels.find((level) => asText(level[field]).trim() !== '')?.[field];
  const [finalUrl] = Array.isArray(ad.finalUrls) ? ad.finalUrls : [];
  const utms: JsonObject = {
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
    asText(value).replace(/\{(_?\w+)\}/g, (placeholder, name: string) => {
      const found = known.get(name.toLowerCase());
      return typeof found === 'string' || typeof found === 'number' ? String(found) : placeholder;
    });
  return Object.fromEntries(Object.entries(utms).map(([name, value]) => [name, filled(value)]));
}

/** `{_season}` stands for the custom parameter `season`. */
function customParameters(level: JsonObject): [string, unknown][] {
  const parameters: unknown[] = Array.isArray(level.urlCustomParameters) ? level.urlCustomParameters : [];
  return parameters.map(asObject).map(({ key, value }) => [`_${asText(key).toLowerCase()}`, value]);
}

/**
 * Errors are `{"error": …}`; searchStream wraps them in an array. `status` is a name such as RESOURCE_EXHAUSTED; one of the
 * details has the delay before the next request, such as `retryDelay: "893s"`.
 */
function classifyGoogleFailure({ status, body }: ClassifiedResponse): FailureClass | undefined {
  const text = body.toString('utf8');
  const parsed = parseJson(text);
  const { error } = asObject(Array.isArray(parsed) ? parsed[0] : parsed);
  const name = /^[A-Z_]+$/.exec(asText(asObject(error).status))?.[0];
  if (status === 429 || name === 'RESOURCE_EXHAUSTED') {
    const seconds = /"retryDelay"\s*:\s*"(\d+(?:\.\d+)?)s"/.exec(text)?.[1];
    const retryAfterMs = seconds === undefined ? undefined : Number(seconds) * 1_000;
    return { kind: 'throttled', detail: name ?? 'too many requests', retryAfterMs };
  }
  return name === undefined || status >= 500 ? undefined : { kind: 'refused', detail: name };
}
