import { afterAll, beforeAll, expect, it } from 'vitest';
import { adsFeed, startTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

it('a sum beyond 2^53 is null with an error that says so, and takes nothing else with it', async () => {
  const row = (campaign_id: string, impressions: number) => ({
    date: '2025-08-01',
    campaign_id,
    clicks: 1,
    impressions,
    cost: 1.5,
  });
  app.answer({ ads: adsFeed([row('a', Number.MAX_SAFE_INTEGER), row('b', 7)]) });
  expect(await app.pull('sources: ["ads"]')).toMatchObject([{ status: 'SUCCEEDED' }]);
  const { data, errors } = await app.query(
    `{ metrics(dateRange: { between: { from: "2025-08-01", to: "2025-08-01" } }, groupBy: [CAMPAIGN_ID]) {
      nodes { campaignId impressions clicks } totals { impressions clicks cost } } }`,
  );
  expect(data).toEqual({
    metrics: {
      nodes: [
        { campaignId: 'a', impressions: Number.MAX_SAFE_INTEGER, clicks: 1 },
        { campaignId: 'b', impressions: 7, clicks: 1 },
      ],
      totals: { impressions: null, clicks: 2, cost: 3 },
    },
  });
  expect(errors).toMatchObject([
    { path: ['metrics', 'totals', 'impressions'], extensions: { code: 'FIGURE_TOO_LARGE' } },
  ]);
});
