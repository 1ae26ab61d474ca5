import { adsFeed, crmFeed } from '../support/app.ts';
import { type SourceServer, startSourceServer } from '../support/source-server.ts';

const utm = (campaign: string, source: string, medium: string) => ({
  utm_campaign: campaign,
  utm_source: source,
  utm_medium: medium,
});
const search = utm('back_to_school', 'google', 'cpc');
const social = utm('autumn_sale', 'facebook', 'paid_social');

const days = ['2025-08-01', '2025-08-02', '2025-08-03'];
const ads = days.flatMap((date, index) => [
  {
    date,
    campaign_id: 'C-1',
    channel: 'google_ads',
    clicks: 120 + index,
    impressions: 4_500,
    cost: 350.75,
    ...search,
  },
  {
    date,
    campaign_id: 'C-1',
    channel: 'Google_Ads',
    ad_id: 'A-1',
    clicks: 9,
    impressions: 70,
    cost: '0.333333',
    ...search,
  },
  {
    date,
    campaign_id: 'C-2',
    channel: 'meta_ads',
    clicks: 80,
    impressions: 9_000,
    cost: 99.99 + index,
    ...social,
  },
  { date, campaign_id: 'C-3', channel: 'linkedin', clicks: 3, impressions: 400, cost: 12.5, currency: 'EUR' },
]);

const stages = ['lead', 'qualified', 'closed_won', 'closed_lost'];
const opportunities = days.flatMap((date, day) =>
  [search, social, utm('unknown_campaign', 'newsletter', 'email')].flatMap((utms, index) =>
    stages.map((stage, rank) => ({
      opportunity_id: `O-${day}${index}${rank}`,
      contact_email: `contact${index}${rank}@example.com`,
      stage,
      amount: 1_000 * (index + 1) + 0.25 * day,
      created_at: `${date}T1${rank}:00:00Z`,
      ...utms,
    })),
  ),
);

/** Starts the two feeds that every version pulls. */
export const startFeeds = (): Promise<SourceServer> =>
  startSourceServer({ '/ads': adsFeed(ads), '/crm': crmFeed(opportunities) });

/** The configuration of every version here. What is stored is kept for as long as it can be, so that this does not end with time. */
export const settings = (feeds: SourceServer) => ({
  ADS_API_URL: `${feeds.url}/ads`,
  CRM_API_URL: `${feeds.url}/crm`,
  DATA_RETENTION_DAYS: '20000',
  EVENT_RETENTION_DAYS: '20000',
  LOG_LEVEL: 'info',
});

/** A query that every version answers. */
export const question = `query {
  metrics(dateRange: { between: { from: "2025-08-01", to: "2025-08-31" } }, groupBy: [DATE, CHANNEL],
    orderBy: [{ dimension: DATE, direction: ASC }, { dimension: CHANNEL, direction: ASC }], first: 1000) {
    nodes { date channel cost impressions clicks leads opportunities closedWon revenue }
    totals { cost impressions clicks leads opportunities closedWon revenue }
  }
}`;

/** Asks the utmql at `url` (with `/graphql`), and gives its `data`. */
export async function ask<Data>(url: string, query: string): Promise<Data> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = (await response.json()) as { data: Data; errors?: unknown };
  if (errors !== undefined) throw new Error(JSON.stringify(errors));
  return data;
}
