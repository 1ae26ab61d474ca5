import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';

let keys: TestKeys;
let app: TestApp;
let whole: Record<string, string>;
let part: Record<string, string>;

const days = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-31" } }';

beforeAll(async () => {
  keys = await makeKeys();
  whole = await keys.create({ role: 'admin', workspace: ['default'] });
  part = await keys.create({ role: 'viewer', workspace: ['default'], channel: ['google_ads'] });
  app = await startTestApp({
    environment: { ROLLUPS: 'on', ROLLUPS_MIN_ROWS: '0', API_KEYS_FILE: keys.file },
  });
  await push('ad-performance', [ad('google_ads', 1), ad('meta', 10)]);
  await push('opportunities', [won('google_ads', 100), won('meta', 1_000), won('nobody', 10_000)]);
});
afterAll(async () => {
  await app.close();
  await keys.close();
});

const utms = (channel: string) => ({ utm_campaign: channel, utm_source: channel, utm_medium: 'cpc' });
const ad = (channel: string, cost: number) => ({
  date: '2025-08-01',
  campaign_id: `C-${channel}`,
  channel,
  clicks: cost,
  impressions: cost,
  cost,
  breakdowns: { [`${channel}_device`]: 'phone', country: channel },
  ...utms(channel),
});
const won = (channel: string, amount: number) => ({
  opportunity_id: `O-${channel}`,
  stage: 'closed_won',
  amount,
  created_at: '2025-08-01T10:00:00Z',
  ...utms(channel),
});
async function push(path: string, records: readonly unknown[]): Promise<void> {
  const response = await fetch(`${app.url}/ingest/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...whole },
    body: JSON.stringify(records),
  });
  expect(response.status).toBe(200);
}
const ask = async (headers: Record<string, string>, document: string): Promise<unknown> => {
  const { data, errors } = await app.query(document, {}, headers);
  expect(errors).toBeUndefined();
  return data;
};

describe('a key for some channels', () => {
  it.each([
    [
      'totals',
      `{ metrics(${days}) { totals { cost revenue } } }`,
      { metrics: { totals: { cost: 1, revenue: 100 } } },
    ],
    [
      'groups',
      `{ metrics(${days}, groupBy: [CHANNEL]) { nodes { channel cost revenue } totalCount } }`,
      { metrics: { nodes: [{ channel: 'google_ads', cost: 1, revenue: 100 }], totalCount: 1 } },
    ],
    [
      'a filter for others',
      `{ metrics(${days}, where: { not: { channel: { eq: "google_ads" } } }) { totals { cost revenue } unattributed { revenue } } }`,
      { metrics: { totals: { cost: 0, revenue: 0 }, unattributed: { revenue: 0 } } },
    ],
    [
      'campaigns and their figures',
      `{ campaigns(${days}) { nodes { id metrics(${days}) { cost } } } }`,
      { campaigns: { nodes: [{ id: 'C-google_ads', metrics: { cost: 1 } }] } },
    ],
    ['a campaign of others', '{ campaign(id: "C-meta") { id } }', { campaign: null }],
    ['channels', `{ channels(${days}) { name } }`, { channels: [{ name: 'google_ads' }] }],
    [
      'ads rows',
      `{ adPerformance(${days}) { nodes { channel } } }`,
      { adPerformance: { nodes: [{ channel: 'google_ads' }] } },
    ],
    [
      'CRM records',
      `{ opportunities(${days}) { nodes { id } totalCount } }`,
      { opportunities: { nodes: [{ id: 'O-google_ads' }], totalCount: 1 } },
    ],
    [
      'values',
      `{ dimensionValues(${days}, dimension: UTM_CAMPAIGN) { nodes { value } } }`,
      { dimensionValues: { nodes: [{ value: 'google_ads' }] } },
    ],
    [
      'names of breakdowns',
      `{ breakdowns(${days}) { nodes { value } totalCount } }`,
      { breakdowns: { nodes: [{ value: 'country' }, { value: 'google_ads_device' }], totalCount: 2 } },
    ],
    [
      'groups by a breakdown',
      `{ metrics(${days}, breakdowns: ["country"], where: { breakdowns: [{ name: "country", isUnknown: false }] }) { nodes { breakdown(name: "country") cost } } }`,
      { metrics: { nodes: [{ breakdown: 'google_ads', cost: 1 }] } },
    ],
    [
      'values of a breakdown',
      `{ dimensionValues(${days}, breakdown: "country") { nodes { value cost } } }`,
      // The record of the CRM has none.
      {
        dimensionValues: {
          nodes: [
            { value: 'google_ads', cost: 1 },
            { value: null, cost: 0 },
          ],
        },
      },
    ],
    [
      'revenue beside no cost',
      `{ dataQuality(${days}) { revenueWithoutSpend { unattributed { revenue } } } }`,
      { dataQuality: { revenueWithoutSpend: { unattributed: { revenue: 0 } } } },
    ],
  ])('sees %s of these only, also after others have asked the same', async (_, document, expected) => {
    const all = await ask(whole, document);
    expect(await ask(part, document)).toEqual(expected);
    expect(await ask(whole, document)).toEqual(all);
    expect(all).not.toEqual(expected);
  });
});
