import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';

const google = { utm_campaign: 'spring', utm_source: 'google', utm_medium: 'cpc' };
const facebook = { utm_campaign: 'spring', utm_source: 'facebook', utm_medium: 'paid_social' };

const ad = (date: string, channel: string, figures: [number, number, number], utm: object) => {
  const [impressions, clicks, cost] = figures;
  return { date, campaign_id: `C-${channel}`, channel, impressions, clicks, cost, ...utm };
};
const deal = (opportunity_id: string, stage: string, amount: number, utm: object) => ({
  opportunity_id,
  created_at: '2025-08-02T09:30:00Z',
  stage,
  amount,
  ...utm,
});

const ads = [
  ad('2025-08-01', 'google_ads', [2000, 100, 50.25], google),
  ad('2025-08-02', 'google_ads', [1000, 50, 24.75], google),
  ad('2025-08-02', 'meta', [4000, 80, 40], facebook),
  // Outside the range that is asked for.
  ad('2025-09-01', 'google_ads', [9000, 900, 999], google),
];
const deals = [
  deal('O-1', 'closed_won', 300, google),
  deal('O-2', 'lead', 0, google),
  deal('O-3', 'qualified', 500, facebook),
];

/** Starts the program with a few records behind it; `channelFigures` is what they come to. */
export async function startClientApp(
  environment: Record<string, string> = {},
  options: Pick<Parameters<typeof startTestApp>[0] & object, 'clock' | 'headers'> = {},
): Promise<TestApp> {
  const app = await startTestApp({ environment, ...options });
  app.answer({ ads: adsFeed(ads), crm: crmFeed(deals) });
  await app.pull();
  return app;
}

/** What each channel cost and what came of it. */
export const channelQuestion = `query Channels($range: DateRangeInput!, $by: [Dimension!] = [CHANNEL], $first: Int = 10) {
  metrics(dateRange: $range, groupBy: $by, orderBy: [{ measure: COST, direction: DESC }], first: $first) {
    nodes { channel clicks cost leads revenue cpc cpa roas }
    totals { clicks cost leads revenue }
    totalCount
  }
}`;

export const august = { between: { from: '2025-08-01', to: '2025-08-31' } };

/** Counted by hand from the records above. */
export const channelFigures = {
  nodes: [
    { channel: 'google_ads', clicks: 150, cost: 75, leads: 2, revenue: 300, cpc: 0.5, cpa: 37.5, roas: 4 },
    { channel: 'meta', clicks: 80, cost: 40, leads: 1, revenue: 0, cpc: 0.5, cpa: 40, roas: 0 },
  ],
  totals: { clicks: 230, cost: 115, leads: 3, revenue: 300 },
  totalCount: 2,
};
