import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { emptyTables } from '../support/push-records.ts';
import { json, type SourceServer, startSourceServer } from '../support/source-server.ts';

type Row = Readonly<Record<string, unknown>>;
let feed: readonly Row[] = [];
let server: SourceServer;
let folder: string;
let app: TestApp;
beforeAll(async () => {
  server = await startSourceServer((request, response) => json(feed)(request, response));
  folder = await mkdtemp(join(tmpdir(), 'utmql-extra-measures-'));
  const extra = 'extra_measures: { video_views: video.plays, likes: likes }';
  await writeFile(
    join(folder, 'sources.yaml'),
    `
sources:
  - { name: video, kind: ad_performance, url: "${server.url}/ads", channel: x, ${extra} }
  - { name: summed, kind: ad_performance, url: "${server.url}/ads", channel: y, duplicates: sum, ${extra} }
`,
  );
  await writeFile(
    join(folder, 'model.yaml'),
    `
measures:
  video_views: { description: Views., sum: extra_measures.video_views }
  german_views: { description: Views., sum: extra_measures.video_views, where: { utm_campaign: { starts_with: de_ } } }
  cost_per_view: { description: Cost of a view., formula: cost / video_views }
`,
  );
  app = await startTestApp({
    environment: {
      SOURCES_FILE: join(folder, 'sources.yaml'),
      MODEL_FILE: join(folder, 'model.yaml'),
      LOG_LEVEL: 'silent',
      RESPONSE_CACHE_TTL_MS: '0',
      ROLLUPS: 'on',
      ROLLUPS_MIN_ROWS: '0',
    },
  });
});
beforeEach(() => emptyTables(app.store));
afterAll(async () => {
  await app.close();
  await server.close();
  await rm(folder, { recursive: true });
});

const row = (campaign: string, plays: unknown, more: Row = {}): Row => ({
  date: '2025-08-01',
  campaign_id: campaign,
  clicks: 1,
  impressions: 10,
  cost: 20,
  utm_campaign: `de_${campaign}`,
  video: { plays },
  likes: 0,
  ...more,
});
const range = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-31" } }';

async function run(source: string): Promise<Row> {
  const [found] = await app.pull(`sources: ["${source}"]`);
  return found ?? {};
}
async function totals(fields = 'videoViews germanViews costPerView cost', args = ''): Promise<Row> {
  const { data, errors } = await app.query(`{ metrics(${range} ${args}) { totals { ${fields} } } }`);
  expect(errors).toBeUndefined();
  return (data as unknown as { metrics: { totals: Row } }).metrics.totals;
}

describe('extra measures', () => {
  it('come with a feed, are measures, and are shown with the rows', async () => {
    feed = [row('A', 1_500), row('B', '2500.25', { utm_campaign: 'fr_B' }), row('C', null, { likes: 7 })];
    expect(await run('video')).toMatchObject({ status: 'SUCCEEDED' });
    const expected = { videoViews: 4_000.25, germanViews: 1_500, cost: 60, costPerView: 60 / 4_000.25 };
    expect(await totals()).toEqual(expected);
    expect(await totals(undefined, 'useRollups: false')).toEqual(expected);
    const { data } = await app.query(
      `{ adPerformance(${range}, orderBy: { by: DATE }) { nodes { campaignId extraMeasures { name value } } } }`,
    );
    expect(data).toMatchObject({
      adPerformance: {
        nodes: expect.arrayContaining([
          { campaignId: 'A', extraMeasures: [{ name: 'video_views', value: 1_500 }] },
          { campaignId: 'C', extraMeasures: [{ name: 'likes', value: 7 }] },
        ]),
      },
    });
  });

  it('are restated like any figure, and a replay changes nothing', async () => {
    feed = [row('A', 10)];
    await run('video');
    await run('video');
    expect(await totals('videoViews')).toEqual({ videoViews: 10 });
    feed = [row('A', 12)];
    await run('video');
    expect(await totals('videoViews')).toEqual({ videoViews: 12 });
  });

  it('of rows with one key are summed, or the run fails', async () => {
    feed = [row('A', 10), row('A', 5, { likes: 1 })];
    expect(await run('summed')).toMatchObject({ status: 'SUCCEEDED', recordsRead: 2 });
    expect(await totals('videoViews')).toEqual({ videoViews: 15 });
    expect(await run('video')).toMatchObject({ status: 'FAILED' });
  });

  it('that no record has end the run: the column may be called otherwise by now', async () => {
    feed = [{ ...row('A', 1), video: { views: 1 } }];
    const { status, error } = await run('video');
    expect(status).toBe('FAILED');
    expect(error).toMatchObject({ message: expect.stringContaining('extra_measures.video_views') });
  });

  it('that are no numbers are rejected with the field', async () => {
    feed = [row('A', 'many'), row('B', 3)];
    expect(await run('video')).toMatchObject({ recordsRejected: 1 });
    const { data } = await app.query('{ rejectedRecords { nodes { field reason } } }');
    expect(data).toMatchObject({
      rejectedRecords: { nodes: [{ field: 'extra_measures.video_views', reason: 'invalid_number' }] },
    });
  });

  it.each([
    [{ video_views: 3, likes: '4' }, 0, { videoViews: 3 }],
    ['{"video_views": 5}', 0, { videoViews: 5 }],
    [{ Video: 3 }, 1, { videoViews: 0 }],
    [[3], 1, { videoViews: 0 }],
  ])('are pushed as an object: %j', async (extra, rejected, shown) => {
    const { video, likes, ...record } = row('A', 0);
    const response = await fetch(`${app.url}/ingest/ad-performance`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ ...record, extra_measures: extra }]),
    });
    expect(await response.json()).toMatchObject({ rejected });
    expect(await totals('videoViews')).toEqual(shown);
  });
});
