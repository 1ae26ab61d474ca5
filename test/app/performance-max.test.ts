import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fakeGoogleAccount } from '../sources/google-ads-account.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type SourceServer, startSourceServer } from '../support/source-server.ts';

// A program is started, and pulls more than once.
vi.setConfig({ testTimeout: 60_000 });

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
const spent = fake.spent('2025-08-01', '2025-08-02') / 1e6;
const range = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-02" } }';

let app: TestApp | undefined;
let platform: SourceServer | undefined;
let folder: string | undefined;
afterEach(async () => {
  await app?.close();
  await platform?.close();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

/** @param settings of the source, beside its five lines */
async function start(settings: Readonly<Record<string, unknown>>): Promise<TestApp> {
  platform = await startSourceServer(fake.behaviour);
  folder = await mkdtemp(join(tmpdir(), 'utmql-pmax-'));
  const file = join(folder, 'sources.yaml');
  const credentials = {
    developer_token: 'dev-t0ken',
    client_id: 'id',
    client_secret: 's3cret',
    refresh_token: '1//refresh',
    token_url: `${platform.url}/token`,
  };
  const google = { name: 'google', adapter: 'google_ads', customer: '123-456-7890', base_url: platform.url };
  await writeFile(
    file,
    JSON.stringify({ sources: [{ ...google, currency: 'EUR', credentials, ...settings }] }),
  );
  app = await startTestApp({
    environment: { SOURCES_FILE: file, REPORTING_CURRENCY: 'EUR', LOG_LEVEL: 'silent' },
  });
  return app;
}

interface Run {
  readonly id: string;
  readonly status: string;
}

const pull = async ({ query }: TestApp): Promise<Run | undefined> => {
  const { data } = await query(
    'mutation { triggerIngest(input: { wait: true, sources: ["google"], since: "2025-08-01", until: "2025-08-02" }) { runs { id status skippedByReason { name count } } } }',
  );
  return (data?.triggerIngest as { runs?: Run[] } | undefined)?.runs?.[0];
};

describe('the whole spend of a Google Ads account', () => {
  it('is stored, again and from what was landed', async () => {
    const program = await start({});
    const figures = async (): Promise<unknown> => {
      const { data } = await program.query(
        `{ metrics(${range}, groupBy: [CAMPAIGN_ID]) { nodes { campaignId cost } totals { cost } } }`,
      );
      return data?.metrics;
    };
    const expected = {
      totals: { cost: spent },
      nodes: expect.arrayContaining([{ campaignId: '12', cost: 4.000_014 }]),
    };
    let id: string | undefined;
    for (let turn = 0; turn < 2; turn++) {
      const run = await pull(program);
      expect(run).toMatchObject({ status: 'SUCCEEDED', skippedByReason: [{ name: 'left_out', count: 2 }] });
      id = run?.id;
      expect(await figures()).toMatchObject(expected);
    }
    const replayed = await program.query(
      `mutation { replayRun(id: "${id}", wait: true) { status skippedByReason { name count } } }`,
    );
    expect(replayed.data?.replayRun).toMatchObject({
      status: 'SUCCEEDED',
      skippedByReason: [{ name: 'left_out', count: 2 }],
    });
    expect(await figures()).toMatchObject(expected);
  });

  it('is kept apart by the segments that its breakdowns name, that of Performance Max too', async () => {
    const program = await start({ breakdowns: { device: 'segments.device' } });
    for (let turn = 0; turn < 2; turn++) {
      expect(await pull(program)).toMatchObject({
        status: 'SUCCEEDED',
        skippedByReason: [{ name: 'left_out', count: 4 }],
      });
      const { data, errors } = await program.query(
        `{ metrics(${range}, groupBy: [CAMPAIGN_ID], breakdowns: ["device"], orderBy: [{ measure: COST, direction: ASC }]) { nodes { campaignId device: breakdown(name: "device") cost } totals { cost } } }`,
      );
      expect(errors).toBeUndefined();
      // Seven micros a day and ad stand under desktop.
      expect(data?.metrics).toEqual({
        totals: { cost: spent },
        nodes: [
          { campaignId: '12', device: 'DESKTOP', cost: 0.000_014 },
          { campaignId: '11', device: 'DESKTOP', cost: 0.000_028 },
          { campaignId: '11', device: 'MOBILE', cost: 3.999_998 },
          { campaignId: '12', device: 'MOBILE', cost: 4 },
        ],
      });
    }
    expect(fake.queries.slice(-2).every((query) => query.includes('segments.device'))).toBe(true);
  });
});
