import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';

/** What ClickHouse drops by itself goes by its clock, so the days here are of today. */
const retention = { DATA_RETENTION_DAYS: 6, EVENT_RETENTION_DAYS: 4, MAX_FUTURE_DAYS: 2 };

const today = Math.floor(Date.now() / 86_400_000);
/** From two months ago until two months ahead. */
const days = Array.from({ length: 121 }, (_, index) =>
  new Date((today - 60 + index) * 86_400_000).toISOString().slice(0, 10),
);
const ads = days.map((date) => ({ date, campaign_id: 'C-1', channel: 'meta', clicks: 1, cost: 1 }));
const deals = days.map((date, index) => ({ opportunity_id: `O-${index}`, created_at: `${date}T10:00:00Z` }));
const events = days.map((date, index) => ({ event_id: `E-${index}`, timestamp: `${date}T10:00:00Z` }));

let ahead = 0;
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({
    clock: { now: () => Date.now() + ahead },
    environment: Object.fromEntries(Object.entries(retention).map(([name, value]) => [name, String(value)])),
  });
});
afterAll(() => app.close());

const push = async (path: string, records: readonly unknown[], workspace: string) => {
  const response = await fetch(`${app.url}/ingest/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-workspace': workspace },
    body: JSON.stringify(records),
  });
  return (await response.json()) as { accepted: number; rejected: number };
};

const kinds = [
  { path: 'ad-performance', table: 'ad_performance', records: ads, kept: 6 + 2 },
  { path: 'opportunities', table: 'opportunities', records: deals, kept: 6 + 2 },
  { path: 'events', table: 'events', records: events, kept: 4 + 2 },
];

it('records make no more days than retention and MAX_FUTURE_DAYS leave, whatever workspaces send', async () => {
  app.answer({ ads: adsFeed(ads), crm: crmFeed(deals) });
  for (const run of await app.pull('mode: UPSERT')) expect(run).toMatchObject({ recordsRead: days.length });
  for (const { path, records, kept } of kinds)
    for (const workspace of ['default', 'other', 'third']) {
      const { accepted, rejected } = await push(path, records, workspace);
      // What is not taken is kept as a reject.
      expect({ accepted, rejected }).toEqual({ accepted: kept, rejected: days.length - kept });
    }
  // Figures of the store are read once a minute.
  ahead = 120_000;
  const metrics = await vi.waitUntil(
    async () => {
      const text = await (await fetch(`${app.url}/metrics`)).text();
      return text.includes(`clickhouse_days{table="events"} ${kinds[2]?.kept}\n`) && text;
    },
    { timeout: 20_000 },
  );
  for (const { table, kept } of kinds) {
    expect(metrics).toContain(`clickhouse_days{table="${table}"} ${kept}\n`);
    expect(metrics).toContain(`clickhouse_days_limit{table="${table}"} ${kept + 1}\n`);
  }
});
