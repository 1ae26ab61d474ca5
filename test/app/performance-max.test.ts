import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fakeGoogleAccount } from '../sources/google-ads-account.ts';
import { startTestApp } from '../support/app.ts';
import { startSourceServer } from '../support/source-server.ts';

it('stores the whole spend of a Google Ads account, again and from what was landed', async () => {
  const fake = fakeGoogleAccount({
    customer: '1234567890',
    campaigns: [
      { id: '11', type: 'SEARCH', ads: ['111', '112'], suffix: 'utm_campaign=search' },
      { id: '12', type: 'PERFORMANCE_MAX', ads: [], suffix: 'utm_campaign=pmax' },
    ],
    days: ['2025-08-01', '2025-08-02'],
    developerToken: 'dev-t0ken',
    refreshToken: '1//refresh',
  });
  const platform = await startSourceServer(fake.behaviour);
  const folder = await mkdtemp(join(tmpdir(), 'utmql-pmax-'));
  const file = join(folder, 'sources.yaml');
  const credentials = {
    developer_token: 'dev-t0ken',
    client_id: 'id',
    client_secret: 's3cret',
    refresh_token: '1//refresh',
    token_url: `${platform.url}/token`,
  };
  const google = { name: 'google', adapter: 'google_ads', customer: '123-456-7890', base_url: platform.url };
  await writeFile(file, JSON.stringify({ sources: [{ ...google, currency: 'EUR', credentials }] }));
  const app = await startTestApp({
    environment: { SOURCES_FILE: file, REPORTING_CURRENCY: 'EUR', LOG_LEVEL: 'silent' },
  });
  try {
    const spent = fake.spent('2025-08-01', '2025-08-02') / 1e6;
    const figures = async (): Promise<unknown> => {
      const { data } = await app.query(
        `{ metrics(dateRange: { between: { from: "2025-08-01", to: "2025-08-02" } }, groupBy: [CAMPAIGN_ID]) { nodes { campaignId cost } totals { cost } } }`,
      );
      return data?.metrics;
    };
    const expected = {
      totals: { cost: spent },
      nodes: expect.arrayContaining([{ campaignId: '12', cost: 4.000_014 }]),
    };
    let id = '';
    for (let turn = 0; turn < 2; turn++) {
      const { data } = await app.query(
        `mutation { triggerIngest(input: { wait: true, sources: ["google"], since: "2025-08-01", until: "2025-08-02" }) { runs { id status skippedByReason { name count } } } }`,
      );
      const { runs } = data?.triggerIngest ?? ({} as { runs?: { id: string }[] });
      expect(runs).toMatchObject([
        { status: 'SUCCEEDED', skippedByReason: [{ name: 'left_out', count: 2 }] },
      ]);
      id = String((runs as { id: string }[] | undefined)?.[0]?.id);
      expect(await figures()).toMatchObject(expected);
    }
    const replayed = await app.query(
      `mutation { replayRun(id: "${id}", wait: true) { status skippedByReason { name count } } }`,
    );
    expect(replayed.data?.replayRun).toMatchObject({
      status: 'SUCCEEDED',
      skippedByReason: [{ name: 'left_out', count: 2 }],
    });
    expect(await figures()).toMatchObject(expected);
  } finally {
    await app.close();
    await platform.close();
    await rm(folder, { recursive: true });
  }
}, 60_000);
