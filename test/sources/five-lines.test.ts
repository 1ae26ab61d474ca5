import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Source } from '../../src/sources/source.ts';
import { type Behaviour, inTurn, json, type SourceServer, text } from '../support/source-server.ts';
import { adsOf, fixture, micros, openOne, opportunitiesOf, recordsOf, serve, withBody } from './support.ts';

type Written = Readonly<Record<string, unknown>>;

/** The sources of `A platform in five lines` of docs/sources.md, by their adapters. */
let examples: ReadonlyMap<unknown, Written>;
/** How many lines each takes. */
let lines: readonly number[];
beforeAll(async () => {
  const page = await readFile(new URL('../../docs/sources.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split('\n## A platform in five lines\n');
  const [, yaml = ''] = /```yaml\n(.*?)```/s.exec(section) ?? [];
  examples = new Map((parse(yaml) as Written[]).map((source) => [source.adapter, source]));
  lines = yaml
    .trim()
    .split('\n\n')
    .map((source) => source.split('\n').length);
});

/** The example of an adapter, which asks a server of the test in place of the platform. */
async function example(adapter: string, server: SourceServer, more: Written = {}): Promise<Source> {
  const written = examples.get(adapter);
  if (written === undefined) throw new Error(`docs/sources.md has no example of ${adapter}.`);
  const credentials = written.credentials as Written;
  return openOne(
    JSON.stringify({
      sources: [
        {
          ...written,
          ...more,
          base_url: `${server.url}/`,
          credentials: {
            ...credentials,
            ...(credentials.client_id !== undefined && { token_url: `${server.url}/token` }),
          },
        },
      ],
    }),
    { environment: new Proxy({}, { get: (_, name) => `value-of-${String(name)}` }) },
  );
}

const page = async (name: string): Promise<Behaviour> =>
  text(await fixture(name), { 'content-type': 'application/json' });
const asked = { from: '2025-08-01', to: '2025-08-02' };
const cost = (source: Source, raw: readonly unknown[]): bigint => {
  const { records, rejects } = adsOf(source, raw);
  expect(rejects).toEqual([]);
  return micros(records.map((record) => record.cost));
};

describe('five lines of docs/sources.md', () => {
  it('are five, for each platform', () => {
    expect([...examples.keys()]).toEqual([
      'google_ads',
      'meta_insights',
      'tiktok',
      'linkedin',
      'hubspot_deals',
      'salesforce_opportunities',
    ]);
    expect(lines).toEqual([5, 5, 5, 5, 5, 5]);
  });

  it('google_ads: ads, then campaigns, with a token', async () => {
    const bodies: string[] = [];
    const server = await serve({
      '/token': json({ access_token: 'ya29.x', expires_in: 3_600 }),
      '/v23/customers/1234567890/googleAds:searchStream': withBody(
        bodies,
        inTurn(await page('google-ads-search-stream.json'), json([])),
      ),
    });
    const source = await example('google_ads', server);
    expect(cost(source, await recordsOf(source, asked))).toBe(350_750_000n + 1_234_567n + 10n);
    expect(bodies.map((body) => /FROM \w+/.exec(body)?.[0])).toEqual(['FROM ad_group_ad', 'FROM campaign']);
    expect(server.requests[1]?.headers).toMatchObject({ authorization: 'Bearer ya29.x' });
    expect(server.requests[1]?.headers).not.toHaveProperty('developer-token');
    expect(source).toMatchObject({ restatesDays: 30, schedule: '0 6 * * *' });
  });

  it('meta_insights: a row a day and ad, 28 days of restatement', async () => {
    const server = await serve({
      '/v26.0/act_1020304050/insights': inTurn(
        await page('meta-insights-1.json'),
        await page('meta-insights-2.json'),
      ),
    });
    const source = await example('meta_insights', server);
    const raw = await recordsOf(source, asked);
    expect(cost(source, raw)).toBe(154_670_000n);
    expect(adsOf(source, raw).records[0]).toMatchObject({
      utmCampaign: 'back_to_school',
      utmSource: 'facebook',
      utmMedium: 'paid_social',
      channel: 'meta_ads',
    });
    expect(server.requests[0]?.query).toMatchObject({
      access_token: 'value-of-META_TOKEN',
      level: 'ad',
      time_increment: '1',
      time_range: '{"since":"2025-08-01","until":"2025-08-02"}',
    });
    expect(source.restatesDays).toBe(28);
  });

  it('meta_insights: asks for breakdowns, but for columns that it has anyway', async () => {
    const row = { campaign_id: '1', campaign_name: 'a', ad_id: '2', spend: '1.5', account_currency: 'EUR' };
    const rows = ['DE', 'FR'].map((country) => ({ ...row, country, date_start: '2025-08-01' }));
    const server = await serve({ '/v26.0/act_1020304050/insights': json({ data: rows }) });
    const source = await example('meta_insights', server, {
      breakdowns: { country: 'country', campaign: 'campaign_name' },
    });
    const { records, rejects } = adsOf(source, await recordsOf(source, asked));
    expect(rejects).toEqual([]);
    expect(records.map(({ breakdowns }) => breakdowns)).toEqual([
      { campaign: 'a', country: 'DE' },
      { campaign: 'a', country: 'FR' },
    ]);
    expect(server.requests[0]?.query).toMatchObject({ breakdowns: 'country' });
  });

  it('tiktok and linkedin: refuse breakdowns that their reports do not have', async () => {
    const server = await serve({});
    await expect(
      example('tiktok', server, {
        breakdowns: { campaign: 'metrics.campaign_name', country: 'dimensions.country_code' },
      }),
    ).rejects.toThrow(
      /breakdowns\.country \(line 1, source \w+\): is no column of the report that the adapter tiktok asks for by itself \(metrics\.campaign_name\); write the request out in full/,
    );
    await expect(example('linkedin', server, { breakdowns: { country: 'pivotValues.0' } })).rejects.toThrow(
      'the adapter linkedin asks for by itself (none)',
    );
  });

  it('tiktok: by day, 30 at a time', async () => {
    const server = await serve({
      '/open_api/v1.3/report/integrated/get/': inTurn(
        await page('tiktok-1.json'),
        await page('tiktok-2.json'),
      ),
    });
    const source = await example('tiktok', server);
    expect((await recordsOf(source, asked)).length).toBeGreaterThan(2);
    expect(server.requests[0]).toMatchObject({
      headers: { 'access-token': 'value-of-TIKTOK_TOKEN' },
      query: {
        advertiser_id: '7012345678901234567',
        start_date: '2025-08-01',
        end_date: '2025-08-02',
        page: '1',
      },
    });
    expect(source.restatesDays).toBe(7);
  });

  it('linkedin: a week at a time, in the currency that is said', async () => {
    const urls: (string | undefined)[] = [];
    const elements = await page('linkedin.json');
    const server = await serve((request, response) => {
      urls.push(request.url);
      return elements(request, response);
    });
    const source = await example('linkedin', server);
    const raw = await recordsOf(source, asked);
    expect(cost(source, raw)).toBe(195_000_000n);
    expect(adsOf(source, raw).records[0]).toMatchObject({ currency: 'EUR', utmSource: 'linkedin' });
    expect(urls[0]).toContain(
      '/rest/adAnalytics?q=statistics&pivots=List(CAMPAIGN,CREATIVE)&timeGranularity=DAILY&dateRange=(start:(year:2025,month:8,day:1),end:(year:2025,month:8,day:2))&accounts=List(urn%3Ali%3AsponsoredAccount%3A512345678)',
    );
    expect(server.requests[0]?.headers).toMatchObject({
      authorization: 'Bearer value-of-LINKEDIN_TOKEN',
      'linkedin-version': '202608',
    });
  });

  it('hubspot_deals: what was changed, with the properties that the settings read', async () => {
    const bodies: string[] = [];
    const server = await serve({
      '/crm/v3/objects/deals/search': withBody(
        bodies,
        inTurn(await page('hubspot-deals-1.json'), await page('hubspot-deals-2.json')),
      ),
    });
    const source = await example('hubspot_deals', server);
    const { records, rejects } = opportunitiesOf(source, await recordsOf(source, asked));
    expect(rejects).toEqual([]);
    expect(micros(records.map(({ amount }) => amount))).toBe(6_299_900_000n);
    const sent = JSON.parse(bodies[0] ?? '') as {
      properties: string[];
      filterGroups: { filters: unknown[] }[];
    };
    expect(sent.properties).toEqual(
      expect.arrayContaining(['amount', 'hs_is_closed_won', 'utm_campaign', 'first_landing_page']),
    );
    expect(sent.filterGroups[0]?.filters).toEqual(
      expect.arrayContaining([
        { propertyName: 'hs_lastmodifieddate', operator: 'GTE', value: String(Date.UTC(2025, 7, 1)) },
        { propertyName: 'hs_lastmodifieddate', operator: 'LT', value: String(Date.UTC(2025, 7, 3)) },
      ]),
    );
    expect(source.isIncremental).toBe(true);
  });

  it('salesforce_opportunities: standard fields, and those of one’s own that are named', async () => {
    const server = await serve({
      '/token': json({ access_token: '00D-x' }),
      '/services/data/v61.0/queryAll': await page('salesforce-opportunities-1.json'),
      '/services/data/v61.0/query/0r8xx3bGxqJLjhTAAK-2000': await page('salesforce-opportunities-2.json'),
    });
    const source = await example('salesforce_opportunities', server);
    const { records, rejects } = opportunitiesOf(source, await recordsOf(source, asked));
    expect(rejects).toEqual([]);
    expect(micros(records.map(({ amount }) => amount))).toBe(48_000_600_000n);
    expect(server.requests[1]?.query.q).toBe(
      'SELECT FIELDS(STANDARD), UTM_Campaign__c, UTM_Source__c, UTM_Medium__c FROM Opportunity WHERE SystemModstamp >= 2025-08-01T00:00:00Z AND SystemModstamp < 2025-08-03T00:00:00Z',
    );
  });
});
