import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bind, sql } from '../../src/clickhouse/sql.ts';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';
import { ask, emptyRange, loadExploreData, range } from '../support/explore-data.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  await loadExploreData(app);
});
afterAll(() => app.close());

const quality = <T>(selection: string, days = range): Promise<T> =>
  ask<T>(app, `dataQuality(${days}) { ${selection} }`);

it('tells spend without UTM', async () => {
  expect(
    await quality(
      'spendWithoutUtm { cost utmCampaign { cost share rows } utmSource { cost share rows } utmMedium { cost share rows } }',
    ),
  ).toEqual({
    spendWithoutUtm: {
      cost: 180,
      utmCampaign: { cost: 4.25, share: 4.25 / 180, rows: 1 },
      utmSource: { cost: 4.25, share: 4.25 / 180, rows: 1 },
      utmMedium: { cost: 4.25, share: 4.25 / 180, rows: 1 },
    },
  });
});

it('tells revenue without spend', async () => {
  const page = '{ nodes { value revenue closedWon } totalCount }';
  const selection = `revenueWithoutSpend { unattributed { revenue share closedWon } campaigns ${page} channels ${page} }`;
  expect(await quality(selection)).toEqual({
    revenueWithoutSpend: {
      unattributed: { revenue: 250.5, share: 250.5 / 790.5, closedWon: 1 },
      campaigns: { nodes: [{ value: 'c-3', revenue: 40, closedWon: 1 }], totalCount: 1 },
      channels: { nodes: [{ value: 'bing', revenue: 40, closedWon: 1 }], totalCount: 1 },
    },
  });
});

it('tells UTM values that differ only in separators, ads and CRM alike', async () => {
  expect(
    await quality(
      'nearDuplicateUtms { nodes { dimension cost spellings { value rows cost } } totalCount pageInfo { hasNextPage } }',
    ),
  ).toEqual({
    nearDuplicateUtms: {
      nodes: [
        {
          dimension: 'UTM_CAMPAIGN',
          cost: 0,
          spellings: [
            { value: 'brand-2', rows: 4, cost: 0 },
            { value: 'brand 2', rows: 1, cost: 0 },
          ],
        },
      ],
      totalCount: 1,
      pageInfo: { hasNextPage: false },
    },
  });
});

it('tells how CRM records were attributed', async () => {
  expect(await quality('matches { match records recordShare revenue revenueShare }')).toEqual({
    matches: [
      { match: 'EXACT', records: 3, recordShare: 0.5, revenue: 540, revenueShare: 540 / 790.5 },
      { match: 'WINDOW', records: 1, recordShare: 1 / 6, revenue: 0, revenueShare: 0 },
      { match: 'CAMPAIGN', records: 1, recordShare: 1 / 6, revenue: 0, revenueShare: 0 },
      {
        match: 'UNATTRIBUTED',
        records: 1,
        recordShare: 1 / 6,
        revenue: 250.5,
        revenueShare: 250.5 / 790.5,
      },
    ],
  });
});

it('tells days without ads rows between days with some', async () => {
  const days = (from: string, to: string) => `dateRange: { between: { from: "${from}", to: "${to}" } }`;
  expect(await quality('daysWithoutData')).toEqual({ daysWithoutData: ['2025-08-03'] });
  expect(await quality('daysWithoutData', days('2025-08-03', '2025-08-03'))).toEqual({
    daysWithoutData: ['2025-08-03'],
  });
  expect(await quality('daysWithoutData', days('2000-01-01', '2148-12-31'))).toEqual({
    daysWithoutData: ['2025-08-03'],
  });
  expect(await quality('daysWithoutData', days('2025-08-05', '2025-08-31'))).toEqual({ daysWithoutData: [] });
});

it('is all zeros and nulls on days without records', async () => {
  expect(
    await quality(
      `spendWithoutUtm { cost utmCampaign { cost share rows } } matches { records recordShare revenueShare }
       revenueWithoutSpend { unattributed { revenue share } campaigns { totalCount } } nearDuplicateUtms { totalCount }
       daysWithoutData repairs { name } rejects { name } skips { name }`,
      emptyRange,
    ),
  ).toEqual({
    spendWithoutUtm: { cost: 0, utmCampaign: { cost: 0, share: null, rows: 0 } },
    matches: Array(4).fill({ records: 0, recordShare: null, revenueShare: null }),
    revenueWithoutSpend: { unattributed: { revenue: 0, share: null }, campaigns: { totalCount: 0 } },
    nearDuplicateUtms: { totalCount: 0 },
    daysWithoutData: [],
    repairs: [],
    rejects: [],
    skips: [],
  });
});

it('asks only for what is selected', async () => {
  const id = `quality-${process.pid}-${Date.now()}`;
  await fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': id },
    body: JSON.stringify({ query: `{ dataQuality(${range}) { matches { match } daysWithoutData } }` }),
  });
  await app.store.command(sql`SYSTEM FLUSH LOGS`, { changesAnswersOf: [] });
  const rows = await app.store.select(
    z.object({ query: z.string() }),
    sql`SELECT query FROM system.query_log WHERE type = 'QueryFinish' AND log_comment = ${bind('String', id)}`,
  );
  expect(rows).toHaveLength(2);
});

describe('of ingest runs', () => {
  const days = 'dateRange: { last: { count: 2, unit: DAY, includeToday: true } }';
  const names = '{ name count }';
  let other: TestApp;
  beforeAll(async () => {
    other = await startTestApp();
  });
  afterAll(() => other.close());
  const ad = { date: '2025-08-01', channel: 'Meta', campaign_id: 'C-1', clicks: 1, impressions: 1, cost: 1 };

  it('names every configured source before its first run', async () => {
    expect(
      await ask(
        other,
        `dataQuality(${days}) { sources { source lastSucceededAt lastFinishedAt lastStatus } }`,
      ),
    ).toEqual({
      sources: ['ads', 'crm'].map((source) => ({
        source,
        lastSucceededAt: null,
        lastFinishedAt: null,
        lastStatus: null,
      })),
    });
  });

  it('sums repairs, rejects and skips over runs, and tells the last success and the last status', async () => {
    const utm = { utm_campaign: 'a', utm_source: 'b', utm_medium: 'c', utm_content: 'd', utm_term: 'e' };
    const feed = [
      { ...ad, ...utm },
      { ...ad, ...utm, campaign_id: 'C-2', cost: -5, channel: 'meta' },
      { ...ad, ...utm, date: 'yesterday' },
      { ...ad, ...utm, cost: 2 },
    ];
    other.answer({ ads: adsFeed(feed), crm: crmFeed([]) });
    await other.pull('mode: UPSERT');
    await other.pull('sources: ["ads"], mode: UPSERT');
    expect(
      await ask(other, `dataQuality(${days}) { repairs ${names} rejects ${names} skips ${names} }`),
    ).toEqual({
      repairs: [
        { name: 'normalised_text', count: 4 },
        { name: 'negative_to_zero', count: 2 },
      ],
      rejects: [{ name: 'invalid_date', count: 2 }],
      skips: [{ name: 'conflicting_duplicate', count: 2 }],
    });
    const sources = async () =>
      (
        await ask<{
          sources: { source: string; lastStatus: string; lastSucceededAt: string; lastFinishedAt: string }[];
        }>(other, `dataQuality(${days}) { sources { source lastSucceededAt lastFinishedAt lastStatus } }`)
      ).sources;
    const [before] = await sources();
    expect(before).toMatchObject({ source: 'ads', lastStatus: 'SUCCEEDED' });
    expect(before?.lastFinishedAt).toBe(before?.lastSucceededAt);

    other.answer({ ads: (_request, response) => void response.writeHead(404).end() });
    await other.pull('sources: ["ads"]');
    const [after, crm] = await sources();
    expect(after).toMatchObject({ lastStatus: 'FAILED', lastSucceededAt: before?.lastSucceededAt });
    expect(Date.parse(after?.lastFinishedAt ?? '')).toBeGreaterThan(Date.parse(before?.lastFinishedAt ?? ''));
    expect(crm).toMatchObject({ source: 'crm', lastStatus: 'SUCCEEDED' });
  });
});
