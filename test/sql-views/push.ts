import type { TestApp } from '../support/app.ts';

const ad = (date: string, channel: string, campaign: string, more: Record<string, unknown> = {}) => ({
  date,
  channel,
  campaign_id: campaign,
  clicks: 10,
  impressions: 1_000,
  cost: 12.345678,
  currency: 'EUR',
  utm_campaign: 'brand',
  utm_source: 'google',
  utm_medium: 'cpc',
  ...more,
});
const deal = (id: string, more: Record<string, unknown>) => ({
  opportunity_id: id,
  created_at: '2025-08-02T10:00:00Z',
  stage: 'lead',
  amount: 0,
  currency: 'EUR',
  contact_email: `${id}@example.com`,
  ...more,
});
const google = { utm_campaign: 'brand', utm_source: 'google', utm_medium: 'cpc' };
const meta = { utm_campaign: 'summer', utm_source: 'facebook', utm_medium: 'paid_social' };

const ads = [
  ad('2025-08-01', 'google_ads', 'de-1', { cost: 0.1 }),
  ad('2025-08-02', 'google_ads', 'de-1', { cost: 0.2 }),
  ad('2025-08-02', 'google_ads', 'at-2', {
    cost: 99_999_999.999999,
    utm_campaign: 'generic',
    conversions: 1.5,
  }),
  ad('2025-08-02', 'meta_ads', 'de-3', { ...meta, ad_id: 'A-1', breakdowns: { country: 'DE' } }),
  ad('2025-08-02', 'meta_ads', 'de-3', { ...meta, ad_id: 'A-1', breakdowns: { country: 'AT' } }),
  // By its alias the same key as the next one.
  ad('2025-08-03', 'meta_ads', 'de-3', { ...meta, utm_source: 'fb', cost: 1.000001, conversion_value: 3 }),
  ad('2025-08-03', 'meta_ads', 'de-3', { ...meta, cost: 2.000002 }),
  ad('2025-08-03', 'meta_ads', 'de-3', { ...meta, utm_source: "it's", cost: 4 }),
  ad('2025-08-04', 'google_ads', 'us-4', { currency: 'USD', cost: 7 }),
  ad('2025-08-05', 'google_ads', 'de-1', { cost: 3.3 }),
];
const deals = [
  deal('O-1', { ...google, stage: 'closed_won', amount: 1_000.25, closed_at: '2025-08-20T00:00:00Z' }),
  deal('O-2', { utm_campaign: 'nobody', created_at: '2025-08-03T10:00:00Z' }),
  deal('O-3', {
    ...meta,
    stage: 'closed_won',
    amount: 77.5,
    currency: 'USD',
    created_at: '2025-08-04T10:00:00Z',
  }),
];

/**
 * Stores records of workspaces that differ in their clicks and amounts. Some are sent again with others, so that tables hold rows that count no
 * more, and one record moves to another day.
 */
export async function push(app: TestApp, workspaces: readonly string[] = ['acme', 'other']): Promise<void> {
  const send = async (workspace: string, path: string, body: unknown): Promise<void> => {
    const response = await fetch(`${app.url}/ingest/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-workspace': workspace },
      body: JSON.stringify(body),
    });
    if (response.status >= 300) throw new Error(await response.text());
  };
  const scaled = <T extends Record<string, unknown>>(records: readonly T[], field: string, by: number): T[] =>
    records.map((record) => ({ ...record, [field]: Number(record[field]) * by }));
  for (const workspace of workspaces) {
    const by = workspace === 'acme' ? 1 : 3;
    await send(workspace, 'ad-performance', scaled(ads, 'clicks', 5));
    await send(workspace, 'ad-performance', scaled(ads, 'clicks', by));
    const moved = { ...deals[0], created_at: '2025-08-01T10:00:00Z', stage: 'opportunity' };
    await send(workspace, 'opportunities', [moved, ...deals.slice(1)]);
    await send(workspace, 'opportunities', scaled(deals, 'amount', by));
  }
  await app.ingest.idle();
}
