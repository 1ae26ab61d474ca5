import type { IncomingMessage } from 'node:http';
import type { Behaviour } from '../support/source-server.ts';
import { bodyOf } from './support.ts';

/** A campaign of the account; one without ads (Performance Max) has its figures itself. */
export interface FakeCampaign {
  readonly id: string;
  readonly type: 'SEARCH' | 'PERFORMANCE_MAX' | 'LOCAL_SERVICES';
  readonly ads: readonly string[];
  readonly suffix: string;
}

/** What one ad, or one campaign without ads, did on a day. */
interface Figures {
  readonly date: string;
  readonly campaign: FakeCampaign;
  readonly ad: string | undefined;
  readonly device: string;
  readonly clicks: number;
  readonly costMicros: number;
}

export interface FakeAccount {
  readonly behaviour: Behaviour;
  /** The queries that it answered. */
  readonly queries: readonly string[];
  /** What the account spent in a range of days, in micros. */
  spent(from: string, to: string): number;
}

const rowsPerBatch = 4;

/**
 * The Google Ads API of one account, as it answers over REST: an OAuth token first, then `searchStream` with batches of rows that
 * have only the fields that the query selects, int64 as texts, `cost_micros`; campaigns without ads give no rows of
 * `ad_group_ad`; days without figures give no rows.
 */
export function fakeGoogleAccount(options: {
  readonly customer: string;
  readonly campaigns: readonly FakeCampaign[];
  readonly days: readonly string[];
  readonly developerToken: string;
  readonly refreshToken: string;
}): FakeAccount {
  const { customer, campaigns, days } = options;
  const accessToken = 'ya29.of-the-fake';
  const queries: string[] = [];
  const figures = days.flatMap((date, dayIndex) =>
    campaigns.flatMap((campaign, index): Figures[] =>
      (campaign.ads.length === 0 ? [undefined] : campaign.ads).flatMap((ad, adIndex) => {
        const costMicros = 1_000_001 * (index + 1) + 10 * dayIndex + adIndex;
        const desktop = { date, campaign, ad, device: 'DESKTOP', clicks: dayIndex, costMicros: 7 };
        const mobile = { device: 'MOBILE', clicks: 1 + adIndex, costMicros: costMicros - 7 };
        return [desktop, { ...desktop, ...mobile }];
      }),
    ),
  );

  const answerTo = (query: string): unknown => {
    const parsed =
      /^SELECT (?<fields>.+) FROM (?<resource>\w+) WHERE segments\.date BETWEEN '(?<from>[\d-]+)' AND '(?<to>[\d-]+)'$/.exec(
        query,
      )?.groups;
    if (parsed === undefined) return failure(400, 'INVALID_ARGUMENT');
    const { fields = '', resource, from = '', to = '' } = parsed;
    const asked = figures.filter(({ date }) => date >= from && date <= to);
    const segments = fields.includes('segments.device') ? (of: Figures) => of.device : () => '';
    const rows = (resource === 'ad_group_ad' ? adRows(asked, segments) : campaignRows(asked, segments)).map(
      (row) => selected(row, [...fields.split(', '), `${resource}.resource_name`]),
    );
    const batches = Array.from({ length: Math.ceil(rows.length / rowsPerBatch) }, (_, index) => ({
      results: rows.slice(index * rowsPerBatch, (index + 1) * rowsPerBatch),
      fieldMask: fields.replaceAll(/_(\w)/g, (_match, letter: string) => letter.toUpperCase()),
      requestId: `r${queries.length}-${index}`,
    }));
    return batches;
  };

  const behaviour: Behaviour = async (request, response) => {
    const body = await bodyOf(request);
    const send = (status: number, value: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    if (request.url === '/token') {
      const isKnown = new URLSearchParams(body).get('refresh_token') === options.refreshToken;
      send(
        isKnown ? 200 : 400,
        isKnown ? { access_token: accessToken, expires_in: 3_599 } : { error: 'invalid_grant' },
      );
      return;
    }
    const refusal = refusalOf(request, customer, accessToken, options.developerToken);
    if (refusal !== undefined) {
      send(refusal.status, [{ error: { code: refusal.status, status: refusal.name } }]);
      return;
    }
    const { query } = JSON.parse(body) as { query: string };
    queries.push(query);
    const answer = answerTo(query);
    send(Array.isArray(answer) ? 200 : 400, Array.isArray(answer) ? answer : [answer]);
  };

  return {
    behaviour,
    queries,
    spent: (from, to) =>
      figures
        .filter(({ date }) => date >= from && date <= to)
        .reduce((sum, { costMicros }) => sum + costMicros, 0),
  };
}

function refusalOf(request: IncomingMessage, customer: string, accessToken: string, developerToken: string) {
  if (request.url !== `/v23/customers/${customer}/googleAds:searchStream`) {
    return { status: 404, name: 'NOT_FOUND' };
  }
  if (request.headers.authorization !== `Bearer ${accessToken}`) {
    return { status: 401, name: 'UNAUTHENTICATED' };
  }
  return request.headers['developer-token'] === developerToken
    ? undefined
    : { status: 403, name: 'PERMISSION_DENIED' };
}

const failure = (code: number, status: string) => ({ error: { code, status } });

type Row = Readonly<Record<string, unknown>>;

const rowOf = ({ date, campaign, device }: Figures, more: Row, clicks: number, costMicros: number): Row => ({
  'segments.date': date,
  'segments.device': device,
  'customer.currency_code': 'EUR',
  'campaign.id': campaign.id,
  'campaign.final_url_suffix': campaign.suffix,
  'campaign.advertising_channel_type': campaign.type,
  'metrics.clicks': String(clicks),
  'metrics.impressions': String(clicks * 10),
  'metrics.cost_micros': String(costMicros),
  ...more,
});

type Segment = (of: Figures) => string;

/** Every ad with figures, once a day and segment. */
const adRows = (figures: readonly Figures[], segment: Segment): Row[] =>
  summed(
    figures.filter(({ ad }) => ad !== undefined),
    (of) => [of.ad, segment(of)],
    ({ campaign, ad }) => ({
      'ad_group.id': `9${campaign.id}`,
      'ad_group_ad.resource_name': `adGroupAds/${ad}`,
      'ad_group_ad.ad.id': ad,
      'ad_group_ad.ad.final_urls': ['https://shop.example.com/?utm_content=ad'],
    }),
  );

/** Every campaign with figures, those with ads too, once a day and segment. */
const campaignRows = (figures: readonly Figures[], segment: Segment): Row[] =>
  summed(
    figures,
    (of) => [segment(of)],
    ({ campaign }) => ({ 'campaign.resource_name': `campaigns/${campaign.id}` }),
  );

function summed(
  figures: readonly Figures[],
  keyOf: (of: Figures) => readonly unknown[],
  own: (of: Figures) => Row,
): Row[] {
  const groups = new Map<string, Figures[]>();
  for (const of of figures) {
    const key = JSON.stringify([of.date, of.campaign.id, ...keyOf(of)]);
    groups.set(key, [...(groups.get(key) ?? []), of]);
  }
  return [...groups.values()].flatMap((group) => {
    const sum = (name: 'clicks' | 'costMicros') => group.reduce((total, of) => total + of[name], 0);
    return group.slice(0, 1).map((of) => rowOf(of, own(of), sum('clicks'), sum('costMicros')));
  });
}

/** The fields that a query selects, in the nested camel case of the REST API; those without a value are left out. */
function selected(row: Row, fields: readonly string[]): Row {
  const result: Record<string, unknown> = {};
  for (const field of fields) {
    if (row[field] === undefined) continue;
    const keys = field
      .split('.')
      .map((key) => key.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()));
    const last = keys.pop() ?? '';
    let place = result;
    for (const key of keys) {
      const next = (place[key] ?? {}) as Record<string, unknown>;
      place[key] = next;
      place = next;
    }
    place[last] = row[field];
  }
  return result;
}
