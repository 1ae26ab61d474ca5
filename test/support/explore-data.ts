import { adsFeed, crmFeed, type TestApp } from './app.ts';
import { createRecordLoader } from './records.ts';

const cpc = (campaign: string, source: string) => ({
  utm_campaign: campaign,
  utm_source: source,
  utm_medium: 'cpc',
});
const social = { utm_campaign: 'brand', utm_source: 'facebook', utm_medium: 'paid_social' };

/** Nothing on 2025-08-03. Cost 180: C-1 75.75, C-2 104.25 (of it 4.25 without UTMs), c-3 0. */
const ads = [
  ad('2025-08-01', 'google_ads', 'C-1', 1000, 100, 50.25, cpc('back_to_school', 'google')),
  ad('2025-08-02', 'google_ads', 'C-1', 500, 50, 25.5, cpc('back_to_school_2', 'google')),
  ad('2025-08-01', 'meta', 'C-2', 2000, 10, 100, { ...social, ad_group_id: 'G-1', ad_id: 'A-1' }),
  ad('2025-08-04', 'meta', 'C-2', 10, 0, 4.25, {}),
  ad('2025-08-04', 'bing', 'c-3', 100, 5, 0, cpc('brand-2', 'bing')),
];

/** Six leads, five beyond; three won for 790.5. */
const opportunities = [
  deal('O-1', '2025-08-01T10:00:00Z', 'closed_won', 500, cpc('back_to_school', 'google')),
  deal('O-2', '2025-08-02T10:00:00Z', 'lead', 100, social),
  deal('O-3', '2025-08-04T09:00:00Z', 'closed_won', 250.5, cpc('brand 2', 'bing')),
  deal('O-4', '2025-08-04T10:00:00Z', 'Proposal', 80, { utm_campaign: 'brand-2' }),
  deal('O-5', '2025-08-04T11:00:00Z', 'closed_won', 40, cpc('brand-2', 'bing')),
  deal('O-6', '2025-08-04T12:00:00Z', 'closed_lost', 40, cpc('brand-2', 'bing')),
];

function ad(
  date: string,
  channel: string,
  campaign_id: string,
  impressions: number,
  clicks: number,
  cost: number,
  rest: Readonly<Record<string, string>>,
) {
  return { date, channel, campaign_id, impressions, clicks, cost, ...rest };
}

function deal(
  opportunity_id: string,
  created_at: string,
  stage: string,
  amount: number,
  utm: Readonly<Record<string, string>>,
) {
  return { opportunity_id, created_at, stage, amount, contact_email: 'ana@example.com', ...utm };
}

/** The days that hold all of it. */
export const range = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-04" } }';
export const emptyRange = 'dateRange: { between: { from: "2024-01-01", to: "2024-12-31" } }';

/** Loads it twice over, and beside it the records of another workspace: no answer may change by either. */
export async function loadExploreData(app: TestApp): Promise<void> {
  app.answer({ ads: adsFeed(ads), crm: crmFeed(opportunities) });
  await app.pull();
  await app.pull();
  const other = createRecordLoader(app.store, { workspace: 'other' });
  await other.ads([
    ad('2025-08-03', 'bing', 'c-3', 7000, 700, 7000, cpc('brand_2', 'bing')),
    ad('2025-08-01', 'meta', 'C-9', 7000, 700, 7000, {}),
    ad('2024-06-01', 'meta', 'C-9', 7000, 700, 7000, {}),
  ]);
  await other.crm([
    deal('O-1', '2025-08-03T10:00:00Z', 'closed_won', 7000, cpc('brand_2', 'bing')),
    deal('O-9', '2024-06-01T10:00:00Z', 'closed_won', 7000, {}),
  ]);
}

/** A field's value, or the test fails with what the server said. */
export async function ask<T>(app: TestApp, field: string, name = field.split(/\W/)[0] ?? ''): Promise<T> {
  const { data, errors } = await app.query(`{ ${field} }`);
  if (errors !== undefined) throw new Error(JSON.stringify(errors));
  return (data as unknown as Record<string, T>)[name] as T;
}

interface Paged<Node> {
  readonly nodes: readonly Node[];
  readonly totalCount: number;
  readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean };
}

/** All nodes, page by page. `write` makes the field from its paging arguments and what to select beside `nodes`. */
export async function askAllPages<Node>(
  app: TestApp,
  write: (paging: string, beside: string) => string,
  first: number,
): Promise<{ nodes: readonly Node[]; totalCounts: readonly number[] }> {
  const nodes: Node[] = [];
  const totalCounts: number[] = [];
  let after = '';
  for (;;) {
    const field = write(`first: ${first}${after}`, 'totalCount pageInfo { endCursor hasNextPage }');
    const page = await ask<Paged<Node>>(app, field);
    nodes.push(...page.nodes);
    totalCounts.push(page.totalCount);
    if (!page.pageInfo.hasNextPage) return { nodes, totalCounts };
    after = `, after: "${page.pageInfo.endCursor}"`;
  }
}

/** Texts that would do harm where text becomes SQL, and that are in no record. */
export const injections = [
  `' OR 1 = 1 --`,
  `"); DROP TABLE ad_performance; --`,
  `\\' OR '' = '`,
  `{p1:String}`,
  `%`,
  `\\`,
];
