import { describe, expect, it } from 'vitest';
import { parseIsoDay } from '../../src/records/day.ts';
import { type Behaviour, inTurn, json, status, text } from '../support/source-server.ts';
import {
  adsOf,
  fixture,
  micros,
  openOne,
  opportunitiesOf,
  read,
  recordsOf,
  serve,
  withBody,
} from './support.ts';

const answer = async (name: string): Promise<Behaviour> =>
  text(await fixture(name), { 'content-type': 'application/json' });

const day = (date: string): number | undefined => parseIsoDay(date);

describe('google_ads', () => {
  const yaml = (url: string) => `
sources:
  - name: google
    adapter: google_ads
    url: ${url}/v23/customers/\${CUSTOMER}/googleAds:searchStream
    headers: { developer-token: "\${DEVELOPER_TOKEN}", login-customer-id: "9876543210" }
    auth: { bearer: "\${TOKEN}" }
    body:
      query: >-
        SELECT customer.currency_code, campaign.id, ad_group.id, ad_group_ad.ad.id, segments.date, metrics.clicks
        FROM ad_group_ad WHERE segments.date BETWEEN '{since}' AND '{until}'
`;
  const environment = { CUSTOMER: '1234567890', DEVELOPER_TOKEN: 'dev-t0ken', TOKEN: 'ya29.t0ken' };

  it('asks by POST with GAQL for the range, with its headers', async () => {
    const bodies: string[] = [];
    const server = await serve(withBody(bodies, json([])));
    const source = await openOne(yaml(server.url), { environment });
    await recordsOf(source, { from: '2025-08-01', to: '2025-08-02' });
    await recordsOf(source);
    expect(server.requests[0]).toMatchObject({
      path: '/v23/customers/1234567890/googleAds:searchStream',
      query: {},
      headers: {
        authorization: 'Bearer ya29.t0ken',
        'developer-token': 'dev-t0ken',
        'login-customer-id': '9876543210',
        'content-type': 'application/json',
      },
    });
    expect(bodies.map((body) => /BETWEEN .*'/.exec(body)?.[0])).toEqual([
      "BETWEEN '2025-08-01' AND '2025-08-02'",
      // Nobody said since when: the last 30 days.
      "BETWEEN '2025-07-12' AND '2025-08-10'",
    ]);
  });

  it('reads the batches of searchStream: micros and int64 in texts, UTMs from final URLs, suffixes and templates', async () => {
    const server = await serve(await answer('google-ads-search-stream.json'));
    const source = await openOne(yaml(server.url), { environment });
    const { records, rejects, repairs } = adsOf(source, await recordsOf(source));
    expect(rejects).toEqual([]);
    expect(repairs).toEqual({ missing_to_unknown: 3, normalised_text: 1, template_to_unknown: 1 });
    expect(micros(records.map(({ cost }) => cost))).toBe(350_750_000n + 1_234_567n + 10n);
    expect(records).toMatchObject([
      {
        day: day('2025-08-01'),
        campaignId: '20417395811',
        adGroupId: '154823049911',
        adId: '676031842213',
        channel: 'google_ads',
        currency: 'EUR',
        clicks: 1200,
        impressions: 45_000,
        cost: 350.75,
        utmCampaign: 'back_to_school',
        utmSource: 'google',
        utmMedium: 'cpc',
        utmContent: 'unknown',
      },
      // The page sees the final URL's own parameter first, then the suffix.
      { utmCampaign: 'bags & more', utmSource: 'google', utmContent: 'hero a', cost: 1.234567 },
      {
        utmCampaign: '20417395899',
        utmContent: '676031849999',
        utmTerm: 'unknown',
        impressions: Number.MAX_SAFE_INTEGER,
        cost: 0.00001,
      },
    ]);
  });

  it('reads the pages of search, by the token in the body', async () => {
    const [first, second] = JSON.parse(await fixture('google-ads-search-stream.json')) as [object, object];
    const bodies: string[] = [];
    const server = await serve(
      withBody(bodies, inTurn(json({ ...first, nextPageToken: 'CAE' }), json(second))),
    );
    const paged = `${yaml(server.url)}    pagination: { cursor: { field: nextPageToken, parameter: pageToken } }\n`;
    const source = await openOne(paged, { environment });
    expect(await recordsOf(source)).toHaveLength(3);
    expect(bodies.map((body) => (JSON.parse(body) as { pageToken?: string }).pageToken)).toEqual([
      undefined,
      'CAE',
    ]);
  });

  it('takes an error in the stream, and a batch that is cut, for a failure and not for the end', async () => {
    const [first] = JSON.parse(await fixture('google-ads-search-stream.json')) as [object];
    const server = await serve(
      inTurn(
        json([first, { error: { code: 500, message: 'Internal error encountered.', status: 'INTERNAL' } }]),
        text(`[${JSON.stringify(first)},{"results":[{"campaign":`),
        text(`[${JSON.stringify(first)},{"results":[{"campaign"}]}]`),
      ),
    );
    const source = await openOne(yaml(server.url), { environment });
    expect((await read(source)).error).toMatchObject({ code: 'SOURCE_UNAVAILABLE', retryable: true });
    expect((await read(source)).error).toMatchObject({ code: 'SOURCE_MALFORMED', retryable: true });
    expect((await read(source)).error).toMatchObject({
      code: 'SOURCE_MALFORMED',
      message:
        'A batch of rows is no JSON, or larger than 32 MiB. Ask for fewer fields, or for fewer days at once (days_per_request).',
    });
  });

  it('waits as long as retryDelay says, and tells the name of a refusal', async () => {
    const exhausted = {
      error: {
        code: 429,
        message: 'Resource has been exhausted (e.g. check quota).',
        status: 'RESOURCE_EXHAUSTED',
        details: [
          { errors: [{ details: { quotaErrorDetails: { rateScope: 'DEVELOPER', retryDelay: '893s' } } }] },
        ],
      },
    };
    const denied = [
      { error: { code: 403, message: 'User ya29.t0ken has no access', status: 'PERMISSION_DENIED' } },
    ];
    const server = await serve(inTurn(failing(429, exhausted), failing(403, denied)));
    const source = await openOne(yaml(server.url), { environment });
    expect((await read(source)).error).toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: `Source google cannot be read from ${server.url}/v23/customers/\${CUSTOMER}/googleAds:searchStream now: it answered 429 Too Many Requests (RESOURCE_EXHAUSTED) and asks for a retry in 893 s, at 2025-08-10T12:14:53.000Z: “Resource has been exhausted (e.g. check quota).”.`,
    });
    expect((await read(source)).error).toMatchObject({
      code: 'SOURCE_REFUSED',
      message: `Source google answered 403 Forbidden (PERMISSION_DENIED) for ${server.url}/v23/customers/\${CUSTOMER}/googleAds:searchStream: “User \${TOKEN} has no access.”; check what it is asked for and its auth in the sources file.`,
    });
  });
});

/** An error with a body. */
const failing =
  (code: number, body: unknown, headers: Record<string, string> = {}): Behaviour =>
  (_, response) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };

describe('meta_insights', () => {
  const yaml = (url: string, more = '') => `
sources:
  - name: meta
    adapter: meta_insights
    url: ${url}/v23.0/act_1020304050/insights
    auth: { query: { access_token: "\${TOKEN}" } }
    parameters:
      level: ad
      time_increment: 1
      limit: 2
      time_range: '{"since":"{since}","until":"{until}"}'
    ${more}
`;
  const environment = { TOKEN: 'EAABsbCS1iHgBO' };

  it('reads figures from texts, by cursor to the last page, and leaves actions alone', async () => {
    const server = await serve(
      inTurn(await answer('meta-insights-1.json'), await answer('meta-insights-2.json')),
    );
    const source = await openOne(
      yaml(server.url, 'defaults: { utm_source: facebook }\n    fields: { utm_campaign: campaign_name }'),
      {
        environment,
      },
    );
    const { records, rejects, repairs } = adsOf(
      source,
      await recordsOf(source, { from: '2025-08-01', to: '2025-08-02' }),
    );
    expect(rejects).toEqual([]);
    expect(repairs).toEqual({ missing_figure: 1, missing_to_unknown: 9, normalised_text: 3 });
    expect(micros(records.map(({ cost }) => cost))).toBe(154_670_000n);
    expect(records.map(({ clicks, impressions }) => [clicks, impressions])).toEqual([
      [412, 18_204],
      [1, 77],
      [0, 20_001],
    ]);
    expect(records[0]).toMatchObject({
      day: day('2025-08-01'),
      campaignId: '23851234567890123',
      adGroupId: '23851234567890456',
      adId: '23851234567890789',
      channel: 'meta_ads',
      currency: 'EUR',
      utmCampaign: 'back_to_school',
      utmSource: 'facebook',
    });
    const { query } = server.requests[0] ?? {};
    expect(query).toEqual({
      level: 'ad',
      time_increment: '1',
      limit: '2',
      time_range: '{"since":"2025-08-01","until":"2025-08-02"}',
      access_token: 'EAABsbCS1iHgBO',
    });
    expect(server.requests.map((request) => request.query.after)).toEqual([undefined, 'MQZDZD']);
  });

  it('counts other clicks where the file says so', async () => {
    const server = await serve(
      inTurn(await answer('meta-insights-1.json'), await answer('meta-insights-2.json')),
    );
    const source = await openOne(yaml(server.url, 'fields: { clicks: inline_link_clicks }'), { environment });
    expect(adsOf(source, await recordsOf(source)).records.map(({ clicks }) => clicks)).toEqual([287, 1, 0]);
  });

  it('keeps rows of several platforms apart', async () => {
    const row = { campaign_id: '1', date_start: '2025-08-01', date_stop: '2025-08-01', spend: '1' };
    const rows = ['facebook', 'instagram'].map((publisher_platform) => ({ ...row, publisher_platform }));
    const server = await serve(json({ data: rows }));
    const source = await openOne(yaml(server.url), { environment });
    expect(adsOf(source, await recordsOf(source)).records.map(({ channel }) => channel)).toEqual([
      'facebook',
      'instagram',
    ]);
  });

  it('refuses rows that sum up several days', async () => {
    const server = await serve(
      json({ data: [{ campaign_id: '1', date_start: '2025-08-01', date_stop: '2025-08-31' }] }),
    );
    const source = await openOne(yaml(server.url), { environment });
    expect((await read(source)).error).toMatchObject({
      code: 'SOURCE_MALFORMED',
      message: 'The source sums up several days in one row; ask it for one row a day with time_increment=1.',
    });
  });

  const error = (code: number, more: object = {}) => ({
    error: {
      message: `(#${code}) Malformed access token EAABsbCS1iHgBO`,
      type: 'OAuthException',
      code,
      ...more,
    },
  });

  it.each([4, 17, 32, 613, 80_000, 80_004, 80_014])('asks again after throttle code %i', async (code) => {
    const server = await serve(inTurn(failing(code === 4 ? 403 : 400, error(code)), json({ data: [] })));
    const source = await openOne(yaml(server.url), { environment });
    expect(await recordsOf(source)).toEqual([]);
    expect(server.requests).toHaveLength(2);
  });

  it('reads when access comes back from X-Business-Use-Case-Usage, in minutes', async () => {
    const usage = {
      '112233': [{ type: 'ads_insights', call_count: 100, estimated_time_to_regain_access: 19 }],
      '445566': [{ type: 'ads_management', call_count: 3, estimated_time_to_regain_access: 0 }],
    };
    const headers = { 'x-business-use-case-usage': JSON.stringify(usage) };
    const server = await serve(failing(400, error(80_004, { error_subcode: 2_446_079 }), headers));
    const source = await openOne(yaml(server.url), { environment });
    const { message } = (await read(source)).error ?? {};
    expect(message).toContain(
      'it answered 400 Bad Request (error 80004) and asks for a retry in 1140 s, at 2025-08-10T12:19:00.000Z',
    );
    expect(message).not.toContain('EAAB');
  });

  it('asks again after a passing error and not after another', async () => {
    const server = await serve(
      inTurn(failing(400, error(2, { is_transient: true })), failing(400, error(190))),
    );
    const source = await openOne(yaml(server.url), { environment });
    expect((await read(source)).error).toMatchObject({
      code: 'SOURCE_REFUSED',
      message: `Source meta answered 400 Bad Request (error 190) for ${server.url}/v23.0/act_1020304050/insights: “(#190) Malformed access token \${TOKEN}.”; check what it is asked for and its auth in the sources file.`,
    });
    expect(server.requests).toHaveLength(2);
  });
});

describe('tiktok', () => {
  const yaml = (url: string) => `
sources:
  - name: tiktok
    adapter: tiktok
    timezone: America/New_York
    url: ${url}/open_api/v1.3/report/integrated/get/
    auth: { header: { name: Access-Token, value: "\${TOKEN}" } }
    parameters:
      dimensions: '["ad_id","stat_time_day"]'
      start_date: "{since}"
      end_date: "{until}"
`;
  const environment = { TOKEN: 'tt-s3cret' };

  it('reads days and not instants, "-" as missing, and as many pages as there are', async () => {
    const server = await serve(inTurn(await answer('tiktok-1.json'), await answer('tiktok-2.json')));
    const source = await openOne(yaml(server.url), { environment });
    const { records, rejects, repairs } = adsOf(source, await recordsOf(source));
    expect(rejects).toEqual([]);
    expect(repairs).toEqual({ missing_figure: 2, missing_to_unknown: 15 });
    expect(micros(records.map(({ cost }) => cost))).toBe(60_455_678n);
    expect(records).toMatchObject([
      {
        day: day('2025-08-01'),
        campaignId: '1798123456789012',
        adGroupId: '1798123456789456',
        adId: '1798123456789789',
        channel: 'tiktok_ads',
        currency: 'EUR',
        clicks: 85,
        impressions: 9_213,
      },
      { day: day('2025-08-01'), adGroupId: '', clicks: 0, impressions: 0, cost: 0 },
      { day: day('2025-08-02'), clicks: 19, impressions: 2_100, cost: 12.345678 },
    ]);
    expect(server.requests.map(({ query }) => query.page)).toEqual(['1', '2']);
    expect(server.requests[0]?.headers['access-token']).toBe('tt-s3cret');
  });

  it('asks for 30 days at a time', async () => {
    const server = await serve(json({ code: 0, data: { list: [], page_info: { total_page: 0 } } }));
    const source = await openOne(yaml(server.url), { environment });
    await recordsOf(source, { from: '2025-06-01', to: '2025-08-01' });
    expect(server.requests.map(({ query }) => [query.start_date, query.end_date])).toEqual([
      ['2025-06-01', '2025-06-30'],
      ['2025-07-01', '2025-07-30'],
      ['2025-07-31', '2025-08-01'],
    ]);
  });

  const answered = (code: number) => json({ code, message: 'token tt-s3cret', request_id: 'r', data: {} });

  it('takes a code other than 0 for an error, though the status is 200', async () => {
    const page = json({ code: 0, data: { list: [{}], page_info: { total_page: 1 } } });
    const server = await serve(inTurn(answered(40_100), answered(50_002), page, answered(40_105)));
    const source = await openOne(yaml(server.url), { environment, attempts: 3 });
    expect(await recordsOf(source)).toHaveLength(1);
    expect(server.requests).toHaveLength(3);
    const { error } = await read(source);
    expect(error).toMatchObject({
      code: 'SOURCE_REFUSED',
      message: `Source tiktok answered 200 OK (code 40105) for ${server.url}/open_api/v1.3/report/integrated/get/: “token \${TOKEN}.”; check what it is asked for and its auth in the sources file.`,
    });
  });

  it('fails when there is neither an error nor a list', async () => {
    const server = await serve(json({ code: 0, message: 'OK', data: {} }));
    const source = await openOne(yaml(server.url), { environment });
    expect((await read(source)).error).toMatchObject({
      code: 'SOURCE_MALFORMED',
      message:
        'A page of source tiktok has no array at data.list, where its records are expected: “OK.”; check what it is asked for, and records where the source says where they are.',
    });
  });
});

describe('linkedin', () => {
  const yaml = (url: string) => `
sources:
  - name: linkedin
    adapter: linkedin
    currency: EUR
    url: ${url}/rest/adAnalytics?q=statistics&pivots=List(CAMPAIGN,CREATIVE)&timeGranularity=DAILY&dateRange=(start:(year:{since.year},month:{since.month},day:{since.day}),end:(year:{until.year},month:{until.month},day:{until.day}))
    headers: { LinkedIn-Version: "202506", X-Restli-Protocol-Version: 2.0.0 }
    auth: { bearer: "\${TOKEN}" }
`;
  const environment = { TOKEN: 'AQX-s3cret' };

  it('reads dates, URNs and costs with the noise of floats', async () => {
    const server = await serve(await answer('linkedin.json'));
    const source = await openOne(yaml(server.url), { environment });
    const { records, rejects, repairs } = adsOf(
      source,
      await recordsOf(source, { from: '2025-08-01', to: '2025-12-31' }),
    );
    expect(rejects).toEqual([]);
    expect(repairs).toEqual({ missing_to_unknown: 15 });
    expect(micros(records.map(({ cost }) => cost))).toBe(195_000_000n);
    expect(records).toMatchObject([
      {
        day: day('2025-08-01'),
        campaignId: '312345678',
        adId: '512345678',
        channel: 'linkedin_ads',
        currency: 'EUR',
        clicks: 27,
        impressions: 3_911,
        cost: 183.42,
      },
      { day: day('2025-08-02'), cost: 0 },
      { day: day('2025-12-31'), campaignId: '612345678', adId: '', cost: 11.58 },
    ]);
  });

  it('writes its ranges as Rest.li wants them, and pages by start and count', async () => {
    const asked: (string | undefined)[] = [];
    const server = await serve((request, response) => {
      asked.push(request.url);
      return json({ elements: [] })(request, response);
    });
    const source = await openOne(yaml(server.url), { environment });
    await recordsOf(source, { from: '2025-08-01', to: '2025-12-31' });
    expect(asked).toEqual([
      '/rest/adAnalytics?q=statistics&pivots=List(CAMPAIGN,CREATIVE)&timeGranularity=DAILY' +
        '&dateRange=(start:(year:2025,month:8,day:1),end:(year:2025,month:12,day:31))&start=0&count=15000',
    ]);
  });

  it('is asked for fewer days where an answer has 15,000 elements, and fails where one day has as many', async () => {
    const element = (of: number, id: number) => ({
      dateRange: { start: { year: 2025, month: 8, day: of } },
      pivotValues: [`urn:li:sponsoredCampaign:${id}`],
      clicks: 1,
    });
    const asked: string[] = [];
    const server = await serve((request, response) => {
      const [, from = '', to = ''] =
        /start:\(.*?day:(\d+)\).*?end:\(.*?day:(\d+)\)/.exec(request.url ?? '') ?? [];
      asked.push(`${from}–${to}`);
      // 8,000 a day, and on the fifth too many.
      const ofDay = (of: number) =>
        Array.from({ length: of === 5 ? 15_001 : 8_000 }, (_, id) => element(of, id));
      const elements = Array.from({ length: Number(to) - Number(from) + 1 }, (_, index) =>
        ofDay(Number(from) + index),
      );
      return json({ elements: elements.flat().slice(0, 15_000) })(request, response);
    });
    const source = await openOne(yaml(server.url), { environment });
    const whole = await recordsOf(source, { from: '2025-08-01', to: '2025-08-03' });
    expect(adsOf(source, whole).records).toHaveLength(24_000);
    expect(asked).toEqual(['1–3', '1–2', '1–1', '2–2', '3–3']);
    const { error, records } = await read(source, { from: '2025-08-04', to: '2025-08-05' });
    expect(records).toHaveLength(8_000);
    expect(error).toMatchObject({
      code: 'SOURCE_MALFORMED',
      retryable: false,
      message: expect.stringMatching(
        /^Source linkedin has more than the 15000 results that it gives for one search, on 2025-08-05 alone; ask for less at once: /,
      ),
    });
  });

  it('refuses rows that sum up several days, and rejects elements without a date', async () => {
    const start = { year: 2025, month: 8, day: 1 };
    const server = await serve(
      inTurn(
        json({
          elements: [{ dateRange: { start }, pivotValues: [] }, { dateRange: {}, pivotValues: 7 }, null],
        }),
        json({ elements: [{ dateRange: { start, end: { year: 2025, month: 8, day: 31 } } }] }),
      ),
    );
    const source = await openOne(yaml(server.url), { environment });
    const { rejects } = adsOf(source, await recordsOf(source));
    expect(rejects.map(({ reason, field }) => [reason, field])).toEqual([
      ['missing_field', 'campaign_id'],
      ['missing_field', 'date'],
      ['not_an_object', ''],
    ]);
    expect((await read(source)).error?.message).toContain('timeGranularity=DAILY');
  });
});

describe('hubspot_deals', () => {
  const yaml = (url: string, more = '') => `
sources:
  - name: hubspot
    adapter: hubspot_deals
    url: ${url}
    auth: { bearer: "\${TOKEN}" }
    landing_url_field: properties.first_url
    ${more}
`;
  const environment = { TOKEN: 'pat-na1-s3cret' };

  it('reads ISO and epoch dates, empty amounts, its own stages, UTMs from the landing page', async () => {
    const server = await serve(
      inTurn(await answer('hubspot-deals-1.json'), await answer('hubspot-deals-2.json')),
    );
    const source = await openOne(yaml(`${server.url}/crm/v3/objects/deals?limit=100`), { environment });
    const { records, rejects, repairs } = opportunitiesOf(source, await recordsOf(source));
    expect(rejects).toEqual([]);
    expect(repairs).toEqual({ missing_figure: 1, missing_to_unknown: 10, normalised_text: 1 });
    expect(micros(records.map(({ amount }) => amount))).toBe(6_299_900_000n);
    expect(records).toMatchObject([
      {
        opportunityId: '18230011223',
        createdAt: Date.UTC(2025, 7, 1, 10, 0, 0, 123),
        updatedAt: Date.UTC(2025, 7, 20, 8, 15, 30),
        stage: 'closed_won',
        amount: 5_000,
        currency: 'EUR',
        utmCampaign: 'back_to_school',
        utmSource: 'google',
        utmMedium: 'cpc',
      },
      {
        createdAt: Date.UTC(2025, 7, 2, 9),
        stage: 'opportunity',
        amount: 0,
        currency: 'USD',
        utmCampaign: 'unknown',
      },
      {
        day: day('2025-08-02'),
        stage: 'closed_lost',
        amount: 1_299.9,
        utmCampaign: 'brand',
        utmSource: 'bing',
      },
    ]);
    expect(server.requests.map(({ query }) => query.after)).toEqual([undefined, '18230011225']);
  });

  it('searches by POST, with the cursor in the body', async () => {
    const bodies: string[] = [];
    const server = await serve(
      withBody(bodies, inTurn(await answer('hubspot-deals-1.json'), await answer('hubspot-deals-2.json'))),
    );
    const body = `body: { limit: 100, filterGroups: [{ filters: [{ propertyName: hs_lastmodifieddate, operator: GTE, value: "{since.ms}" }] }] }`;
    const source = await openOne(
      yaml(`${server.url}/crm/v3/objects/deals/search`, `${body}\n    backfill_days: 400`),
      { environment },
    );
    expect(await recordsOf(source, { from: '2025-08-01' })).toHaveLength(3);
    expect(bodies.map((sent) => JSON.parse(sent))).toMatchObject([
      { limit: 100, filterGroups: [{ filters: [{ value: '1754006400000' }] }] },
      { limit: 100, after: '18230011225' },
    ]);
  });
});

describe('salesforce_opportunities', () => {
  const yaml = (url: string) => `
sources:
  - name: salesforce
    adapter: salesforce_opportunities
    url: ${url}/services/data/v61.0/query
    auth: { bearer: "\${TOKEN}" }
    parameters:
      q: SELECT Id, StageName, Amount FROM Opportunity WHERE LastModifiedDate >= {since}T00:00:00Z
`;
  const environment = { TOKEN: '00D-s3cret' };

  it('reads offsets without a colon, custom fields in any case, and the next records', async () => {
    const next = '/services/data/v61.0/query/0r8xx3bGxqJLjhTAAK-2000';
    const server = await serve({
      '/services/data/v61.0/query': await answer('salesforce-opportunities-1.json'),
      [next]: await answer('salesforce-opportunities-2.json'),
    });
    const source = await openOne(yaml(server.url), { environment });
    const { records, rejects, repairs } = opportunitiesOf(
      source,
      await recordsOf(source, { from: '2025-08-01' }),
    );
    expect(rejects).toEqual([]);
    expect(repairs).toEqual({ missing_figure: 1, missing_to_unknown: 9 });
    expect(micros(records.map(({ amount }) => amount))).toBe(48_000_600_000n);
    expect(records).toMatchObject([
      {
        opportunityId: '006Dn00000A1b2cIAB',
        createdAt: Date.UTC(2025, 7, 1, 10),
        stage: 'closed_won',
        amount: 48_000.5,
        currency: 'EUR',
        utmCampaign: 'back_to_school',
        utmSource: 'google',
        utmMedium: 'cpc',
      },
      { createdAt: Date.UTC(2025, 7, 2, 4, 59, 59), day: day('2025-08-02'), stage: 'opportunity', amount: 0 },
      { stage: 'opportunity', amount: 0.1, currency: 'USD', utmSource: 'newsletter' },
    ]);
    expect(server.requests.map(({ path, query }) => [path, query.q])).toEqual([
      [
        '/services/data/v61.0/query',
        'SELECT Id, StageName, Amount FROM Opportunity WHERE LastModifiedDate >= 2025-08-01T00:00:00Z',
      ],
      [next, undefined],
    ]);
    expect(server.requests[1]?.headers.authorization).toBe('Bearer 00D-s3cret');
  });

  it('asks again when the limit of requests is reached, and not when the query is wrong', async () => {
    const server = await serve(
      inTurn(
        failing(403, [{ message: 'TotalRequests Limit exceeded.', errorCode: 'REQUEST_LIMIT_EXCEEDED' }]),
        failing(400, [{ message: 'unexpected token', errorCode: 'MALFORMED_QUERY' }]),
      ),
    );
    const source = await openOne(yaml(server.url), { environment });
    expect((await read(source)).error?.message).toContain('answered 400 Bad Request (MALFORMED_QUERY)');
    expect(server.requests).toHaveLength(2);
  });
});

describe('generic_json', () => {
  const yaml = (url: string) => `
sources:
  - name: partner
    kind: ad_performance
    url: ${url}
    records: data.items
    landing_url_field: landing
    channel: partner
    fields:
      date: day
      campaign_id: campaign.id
      channel: network
      clicks: figures.clicks
      impressions: figures.views
      cost: figures.spend.amount
      currency: [figures, spend, currency]
`;

  it('finds nested fields under other names, and keeps those that it does not know', async () => {
    const server = await serve(await answer('generic-nested.json'));
    const source = await openOne(yaml(server.url));
    const raw = await recordsOf(source);
    const { records, rejects } = adsOf(source, raw);
    expect(rejects.map(({ reason, field }) => [reason, field])).toEqual([
      ['not_an_object', ''],
      ['missing_field', 'campaign_id'],
    ]);
    expect(records).toMatchObject([
      {
        day: day('2025-08-01'),
        campaignId: 'C-1',
        channel: 'search',
        clicks: 10,
        impressions: 100,
        cost: 1.1,
        currency: 'EUR',
        utmCampaign: 'a b',
        utmSource: 'google ads',
        utmTerm: 'unknown',
      },
      { channel: 'partner', cost: 0.000001, utmCampaign: 'unknown' },
    ]);
    expect(raw[0]).toMatchObject({ quality: 7 });
    expect(raw[0]).not.toHaveProperty('figures');
  });

  it('needs no settings for records in the contract’s own shape', async () => {
    const record = { date: '2025-08-01', campaign_id: 'C-1', cost: '0.1' };
    const server = await serve(json({ external: { ads: { performance: [record] } } }));
    const source = await openOne(`sources: [{ name: plain, kind: ad_performance, url: "${server.url}" }]`);
    expect(await recordsOf(source, { from: '2025-08-01', to: '2025-08-02' })).toEqual([record]);
    expect(server.requests[0]?.query).toEqual({ since: '2025-08-01', until: '2025-08-02' });
  });
});

describe('csv', () => {
  it('reads headings, delimiters and dates as the file says', async () => {
    const server = await serve(
      text(await fixture('ads.csv'), { 'content-type': 'application/octet-stream' }),
    );
    const source = await openOne(`
sources:
  - name: export
    kind: ad_performance
    adapter: csv
    url: ${server.url}
    date_format: DD/MM/YYYY
    channel: Partner
    currency: EUR
    landing_url_field: Landing page
    fields: { date: Day, campaign_id: Campaign ID, clicks: Clicks, impressions: Impr., cost: Cost (EUR) }
`);
    const { records, rejects } = adsOf(source, await recordsOf(source));
    expect(rejects).toEqual([]);
    expect(micros(records.map(({ cost }) => cost))).toBe(3_750_000n);
    expect(records).toMatchObject([
      {
        day: day('2025-08-01'),
        campaignId: 'C-1',
        channel: 'partner',
        clicks: 5,
        impressions: 50,
        utmCampaign: 'c1',
      },
      { day: day('2025-08-02'), campaignId: 'C-2', currency: 'EUR', utmSource: 'bing' },
    ]);
    expect(server.requests[0]?.headers.accept).toBe('text/csv');
  });
});

describe('every adapter', () => {
  it('hands on what is no object, for the normaliser to reject', async () => {
    const bodies = {
      google_ads: [{ results: [7, null, 'x'] }],
      meta_insights: { data: [7, null, 'x'] },
      tiktok: { code: 0, data: { list: [7, null, 'x'], page_info: { total_page: 1 } } },
      linkedin: { elements: [7, null, 'x'] },
      hubspot_deals: { results: [7, null, 'x'] },
      salesforce_opportunities: { records: [7, null, 'x'] },
    };
    for (const [adapter, body] of Object.entries(bodies)) {
      const server = await serve(json(body));
      const source = await openOne(`sources: [{ name: any, adapter: ${adapter}, url: "${server.url}" }]`);
      expect(await recordsOf(source), adapter).toEqual([7, null, 'x']);
    }
  });

  it('maps an element without any known field to a reject, and does not fail', async () => {
    const bodies = {
      google_ads: [{ results: [{}] }],
      meta_insights: { data: [{}] },
      tiktok: { code: 0, data: { list: [{}], page_info: { total_page: 1 } } },
      linkedin: { elements: [{}] },
      hubspot_deals: { results: [{}] },
      salesforce_opportunities: { records: [{}] },
    };
    for (const [adapter, body] of Object.entries(bodies)) {
      const server = await serve(json(body));
      const source = await openOne(`sources: [{ name: any, adapter: ${adapter}, url: "${server.url}" }]`);
      const raw = await recordsOf(source);
      const { rejects } = source.kind === 'opportunity' ? opportunitiesOf(source, raw) : adsOf(source, raw);
      expect(
        rejects.map(({ reason }) => reason),
        adapter,
      ).toEqual(['missing_field']);
    }
  });

  it('answers nothing of an empty body', async () => {
    const server = await serve(status(200));
    const source = await openOne(`sources: [{ name: any, adapter: linkedin, url: "${server.url}" }]`);
    expect(await recordsOf(source)).toEqual([]);
  });
});
