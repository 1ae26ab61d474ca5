import { afterAll, beforeAll, expect, it } from 'vitest';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const row = (day: string, campaign_id: string, utm_campaign: string) => ({
  date: day,
  campaign_id,
  channel: 'google',
  clicks: 1,
  impressions: 1,
  cost: 10,
  utm_campaign,
  utm_source: 'google',
  utm_medium: 'cpc',
});
const lead = (opportunity_id: string, utm_campaign: string, day = '2025-08-02') => ({
  opportunity_id,
  stage: 'lead',
  created_at: `${day}T10:00:00Z`,
  utm_campaign,
  utm_source: 'google',
  utm_medium: 'cpc',
});
async function figures(): Promise<unknown> {
  const { data, errors } = await app.query(`{
    metrics(dateRange: { between: { from: "2025-08-01", to: "2025-08-31" } } groupBy: [CAMPAIGN_ID] orderBy: [{ dimension: CAMPAIGN_ID }]) {
      nodes { campaignId cost leads } totals { cost leads } unattributed { leads }
    } }`);
  expect(errors).toBeUndefined();
  return data?.metrics;
}

it('a campaign that is renamed on its platform keeps the leads of its old name, until it is deleted', async () => {
  app.answer({
    ads: adsFeed([row('2025-08-01', 'A', 'old'), row('2025-08-02', 'A', 'old'), row('2025-08-02', 'B', 'b')]),
    crm: crmFeed([lead('1', 'old'), lead('2', 'b')]),
  });
  await app.pull();
  const before = {
    nodes: [
      { campaignId: 'A', cost: 20, leads: 1 },
      { campaignId: 'B', cost: 10, leads: 1 },
    ],
    totals: { cost: 30, leads: 2 },
    unattributed: { leads: 0 },
  };
  expect(await figures()).toEqual(before);
  // The platform tells the present name of past days, too.
  const renamed = [row('2025-08-01', 'A', 'new'), row('2025-08-02', 'A', 'new'), row('2025-08-02', 'B', 'b')];
  app.answer({ ads: adsFeed(renamed), crm: crmFeed([lead('1', 'old'), lead('2', 'b')]) });
  await app.pull();
  expect(await figures()).toEqual(before);
  app.answer({
    ads: adsFeed(renamed),
    crm: crmFeed([lead('1', 'old'), lead('2', 'b'), lead('3', 'old', '2025-08-20')]),
  });
  await app.pull();
  expect(await figures()).toMatchObject({
    nodes: [{ campaignId: 'A', leads: 2 }, { campaignId: 'B' }],
    unattributed: { leads: 0 },
  });
  app.answer({
    ads: adsFeed([row('2025-08-01', 'B', 'b'), row('2025-08-02', 'B', 'b')]),
    crm: crmFeed([lead('1', 'old'), lead('2', 'b'), lead('3', 'old', '2025-08-20')]),
  });
  await app.pull('guard: OFF');
  expect(await figures()).toMatchObject({
    nodes: [
      { campaignId: 'B', leads: 1 },
      { campaignId: null, leads: 2 },
    ],
    totals: { cost: 20, leads: 3 },
    unattributed: { leads: 2 },
  });
});
