import { describe, expect, it } from 'vitest';
import { type FakeAccount, type FakeCampaign, fakeGoogleAccount } from './google-ads-account.ts';
import { adsOf, micros, openOne, read, recordsOf, serve } from './support.ts';

const suffix = (campaign: string): string => `utm_source=google&utm_medium=cpc&utm_campaign=${campaign}`;

const campaigns: readonly FakeCampaign[] = [
  { id: '11', type: 'SEARCH', ads: ['111', '112', '113'], suffix: suffix('search') },
  { id: '12', type: 'PERFORMANCE_MAX', ads: [], suffix: suffix('pmax') },
  { id: '13', type: 'SEARCH', ads: ['131'], suffix: suffix('brand') },
  // The API knows its ads no more than those of Performance Max.
  { id: '14', type: 'LOCAL_SERVICES', ads: [], suffix: suffix('local') },
];
const days = ['2025-07-01', '2025-08-01', '2025-08-02'];

async function account(environment: Record<string, string> = {}) {
  const fake: FakeAccount = fakeGoogleAccount({
    customer: '1234567890',
    campaigns,
    days,
    developerToken: 'dev-t0ken',
    refreshToken: '1//refresh',
  });
  const server = await serve(fake.behaviour);
  const source = await openOne(
    `
sources:
  - name: google
    adapter: google_ads
    customer: 123-456-7890
    credentials: { developer_token: "\${DEV}", client_id: id, client_secret: s3cret, refresh_token: "\${REFRESH}", token_url: "${server.url}/token" }
    base_url: ${server.url}
`,
    { environment: { DEV: 'dev-t0ken', REFRESH: '1//refresh', ...environment } },
  );
  return { fake, server, source };
}

describe('a Google Ads account in five lines', () => {
  it('has its whole spend, that of Performance Max too, and nothing twice', async () => {
    const { fake, source } = await account();
    const raw = await recordsOf(source, { from: '2025-08-01', to: '2025-08-02' });
    const { records, rejects } = adsOf(
      source,
      raw.filter((record) => typeof record !== 'symbol'),
    );
    expect(rejects).toEqual([]);
    expect(micros(records.map(({ cost }) => cost))).toBe(BigInt(fake.spent('2025-08-01', '2025-08-02')));
    // Of four ads and two campaigns without ads, on two days; rows of the two campaigns with ads are left out.
    expect(records).toHaveLength(12);
    expect(raw).toHaveLength(16);
    expect(
      new Set(records.map(({ campaignId, adId, utmCampaign }) => [campaignId, adId, utmCampaign].join())),
    ).toEqual(
      new Set(['11,111,search', '11,112,search', '11,113,search', '13,131,brand', '12,,pmax', '14,,local']),
    );
    expect(records[0]).toMatchObject({ channel: 'google_ads', currency: 'EUR', utmContent: 'ad' });
  });

  it('is asked for a month at a time, as far back as Google restates', async () => {
    const { fake, source } = await account();
    const raw = await recordsOf(source, { from: '2025-07-01', to: '2025-08-02' });
    const { records } = adsOf(
      source,
      raw.filter((record) => typeof record !== 'symbol'),
    );
    expect(micros(records.map(({ cost }) => cost))).toBe(BigInt(fake.spent('2025-07-01', '2025-08-02')));
    expect(fake.queries.map((query) => /FROM .*/.exec(query)?.[0])).toEqual([
      "FROM ad_group_ad WHERE segments.date BETWEEN '2025-07-01' AND '2025-07-31'",
      "FROM campaign WHERE segments.date BETWEEN '2025-07-01' AND '2025-07-31'",
      "FROM ad_group_ad WHERE segments.date BETWEEN '2025-08-01' AND '2025-08-02'",
      "FROM campaign WHERE segments.date BETWEEN '2025-08-01' AND '2025-08-02'",
    ]);
    expect(source).toMatchObject({ restatesDays: 30, defaultMode: 'replace', isIncremental: true });
  });

  it('begins anew with each run', async () => {
    const { source } = await account();
    const asked = { from: '2025-08-01', to: '2025-08-01' };
    expect(await recordsOf(source, asked)).toEqual(await recordsOf(source, asked));
  });

  it('says where to look when Google takes its credentials for wrong', async () => {
    const wrong = await account({ DEV: 'an0ther' });
    expect((await read(wrong.source)).error).toMatchObject({
      code: 'SOURCE_REFUSED',
      retryable: false,
      message: `Source google answered 403 Forbidden (PERMISSION_DENIED) for ${wrong.server.url}/v23/customers/1234567890/googleAds:searchStream; check what it is asked for and its credentials in the sources file.`,
    });
    const { source } = await account({ REFRESH: 'an0ther' });
    const { error } = await read(source);
    expect(error?.message).toMatch(
      /answered 400 Bad Request \(invalid_grant\) .*; the refresh token has run out, .* get another one/,
    );
  });
});
