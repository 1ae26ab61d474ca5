import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sql } from '../../../src/clickhouse/sql.ts';
import { toRanges } from '../../../src/ingest/attribution/attribution.ts';
import { openMigratedStore, truncateTables } from '../../support/database.ts';
import { createRecordLoader } from '../../support/records.ts';

let store: Awaited<ReturnType<typeof openMigratedStore>>;
let load: ReturnType<typeof createRecordLoader>;
beforeAll(async () => {
  store = await openMigratedStore();
  load = createRecordLoader(store);
});
afterEach(() => truncateTables(store));
afterAll(() => store.drop());

const ad = {
  date: '2025-08-10',
  campaign_id: 'C-1',
  channel: 'google',
  utm_campaign: 'x',
  utm_source: 'google',
  utm_medium: 'cpc',
  clicks: 5,
  impressions: 9,
  cost: 1,
};
const lead = {
  opportunity_id: 'O-1',
  created_at: '2025-08-10T10:00:00Z',
  stage: 'lead',
  utm_campaign: 'x',
  utm_source: 'google',
  utm_medium: 'cpc',
};
const attributed = async (id = 'O-1'): Promise<unknown> => {
  const rows = await store.select(
    z.object({ opportunity_id: z.string(), channel: z.string(), campaign_id: z.string(), match: z.string() }),
    sql`SELECT opportunity_id, channel, campaign_id, match FROM opportunities FINAL`,
  );
  const row = rows.find((candidate) => candidate.opportunity_id === id);
  return row && [row.channel, row.campaign_id, row.match];
};

describe('in both orders of arrival', () => {
  it('ads first', async () => {
    await load.ads([ad]);
    await load.crm([lead]);
    expect(await attributed()).toEqual(['google', 'C-1', 'EXACT']);
  });

  it('CRM first', async () => {
    await load.crm([lead]);
    expect(await attributed()).toEqual(['', '', 'UNATTRIBUTED']);
    await load.ads([ad]);
    expect(await attributed()).toEqual(['google', 'C-1', 'EXACT']);
  });

  it('both at once', async () => {
    await Promise.all([load.ads([ad]), load.crm([lead])]);
    expect(await attributed()).toEqual(['google', 'C-1', 'EXACT']);
  });
});

describe('which ads rows match', () => {
  it('the same day beats an earlier one; the latest earlier day beats older ones', async () => {
    await load.ads([
      { ...ad, date: '2025-08-01', campaign_id: 'old', clicks: 100 },
      { ...ad, date: '2025-08-08', campaign_id: 'recent' },
      { ...ad, date: '2025-08-11', campaign_id: 'later' },
    ]);
    await load.crm([lead]);
    expect(await attributed()).toEqual(['google', 'recent', 'WINDOW']);
    await load.ads([ad]);
    expect(await attributed()).toEqual(['google', 'C-1', 'EXACT']);
  });

  it('none that is older than the window', async () => {
    await load.ads([{ ...ad, date: '2025-07-10' }]);
    await load.crm([lead, { ...lead, opportunity_id: 'O-2', created_at: '2025-08-09T00:00:00Z' }]);
    expect(await attributed()).toEqual(['', '', 'UNATTRIBUTED']);
    expect(await attributed('O-2')).toEqual(['google', 'C-1', 'WINDOW']);
  });

  it('by campaign alone only where the source or medium is unknown', async () => {
    await load.ads([ad]);
    await load.crm([
      { ...lead, utm_source: null },
      { ...lead, opportunity_id: 'O-2', utm_medium: '' },
      { ...lead, opportunity_id: 'O-3', utm_source: 'bing' },
      { ...lead, opportunity_id: 'O-4', utm_campaign: null, utm_source: null },
    ]);
    expect(await attributed('O-1')).toEqual(['google', 'C-1', 'CAMPAIGN']);
    expect(await attributed('O-2')).toEqual(['google', 'C-1', 'CAMPAIGN']);
    expect(await attributed('O-3')).toEqual(['', '', 'UNATTRIBUTED']);
    expect(await attributed('O-4')).toEqual(['', '', 'UNATTRIBUTED']);
  });

  it('by campaign alone within the same window', async () => {
    await load.ads([{ ...ad, date: '2025-07-10' }]);
    // Both are matched by one statement, whose ads reach back far enough for the first.
    await load.crm([
      { ...lead, opportunity_id: 'O-1', utm_source: null, created_at: '2025-08-09T00:00:00Z' },
      { ...lead, opportunity_id: 'O-2', utm_source: null, created_at: '2025-08-10T00:00:00Z' },
    ]);
    expect(await attributed('O-1')).toEqual(['google', 'C-1', 'CAMPAIGN']);
    expect(await attributed('O-2')).toEqual(['', '', 'UNATTRIBUTED']);
  });

  it('an unknown campaign matches none, not even ads without a campaign', async () => {
    await load.ads([{ ...ad, utm_campaign: null }]);
    await load.crm([{ ...lead, utm_campaign: null }]);
    expect(await attributed()).toEqual(['', '', 'UNATTRIBUTED']);
  });

  it.each([
    [
      [
        { campaign_id: 'few', clicks: 1 },
        { campaign_id: 'many', clicks: 2 },
      ],
      'many',
    ],
    [
      [
        { campaign_id: 'cheap', cost: 1 },
        { campaign_id: 'dear', cost: 2 },
      ],
      'dear',
    ],
    [[{ campaign_id: 'b' }, { campaign_id: 'a' }], 'a'],
    [
      [
        { campaign_id: 'sum', ad_id: '1', clicks: 3 },
        { campaign_id: 'sum', ad_id: '2', clicks: 3 },
        { campaign_id: 'one' },
      ],
      'sum',
    ],
  ])('of several the one with most clicks, then most cost, then by name: %j', async (candidates, winner) => {
    await load.ads(candidates.map((changes) => ({ ...ad, ...changes })));
    await load.crm([lead]);
    expect(await attributed()).toEqual(['google', winner, 'EXACT']);
  });
});

describe('when an opportunity changes later', () => {
  beforeEach(async () => {
    await load.ads([ad, { ...ad, channel: 'meta', campaign_id: 'C-2', utm_source: 'facebook' }]);
    await load.crm([lead]);
  });

  it('its UTM', async () => {
    await load.crm([{ ...lead, utm_source: 'facebook' }]);
    expect(await attributed()).toEqual(['meta', 'C-2', 'EXACT']);
  });

  it('its stage: the attribution stays', async () => {
    await load.crm([{ ...lead, stage: 'closed_won', amount: 5 }]);
    expect(await attributed()).toEqual(['google', 'C-1', 'EXACT']);
  });

  it('the attribution keeps the fields that no contract names', async () => {
    await load.crm([{ ...lead, utm_source: 'facebook', owner: 'Ana' }]);
    expect(await attributed()).toEqual(['meta', 'C-2', 'EXACT']);
    const rows = await store.select(
      z.object({ extra: z.string() }),
      sql`SELECT extra FROM opportunities FINAL`,
    );
    expect(rows).toEqual([{ extra: '{"owner":"Ana"}' }]);
  });

  it('its day', async () => {
    await load.crm([{ ...lead, created_at: '2025-08-12T10:00:00Z' }]);
    expect(await attributed()).toEqual(['google', 'C-1', 'WINDOW']);
    await load.crm([{ ...lead, created_at: '2025-08-09T10:00:00Z' }]);
    expect(await attributed()).toEqual(['', '', 'UNATTRIBUTED']);
  });

  it('from A to B and back to A', async () => {
    for (const utm_source of ['facebook', 'google', 'facebook', 'google'])
      await load.crm([{ ...lead, utm_source }]);
    expect(await attributed()).toEqual(['google', 'C-1', 'EXACT']);
  });
});

it('ranges neither overlap nor exceed what one statement takes', () => {
  expect(toRanges([10, 11, 12], 0)).toEqual([{ from: 10, to: 12 }]);
  expect(toRanges([20, 10], 2)).toEqual([
    { from: 10, to: 12 },
    { from: 20, to: 22 },
  ]);
  expect(toRanges([10], 40)).toEqual([
    { from: 10, to: 40 },
    { from: 41, to: 50 },
  ]);
});
