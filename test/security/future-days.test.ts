import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { sql } from '../../src/clickhouse/sql.ts';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';

/** 2026-01-31: the second of February is taken, the third is not. */
const now = Date.UTC(2026, 0, 31, 12);
const farDays = Array.from({ length: 500 }, (_, index) =>
  new Date(Date.UTC(2026, 1, 3 + index * 80)).toISOString().slice(0, 10),
);
const within = '2026-02-02';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({
    clock: { now: () => now },
    environment: { EVENT_RETENTION_DAYS: '20000', MAX_FUTURE_DAYS: '2' },
  });
});
afterAll(() => app.close());

const ad = (date: string, _index = 0) => ({ date, campaign_id: 'C-1', channel: 'meta', clicks: 1, cost: 1 });
const deal = (date: string, index: number) => ({
  opportunity_id: `O-${index}`,
  created_at: `${date}T10:00:00Z`,
});
const event = (date: string, index: number) => ({ event_id: `E-${index}`, timestamp: `${date}T10:00:00Z` });

const post = async (path: string, body: unknown): Promise<unknown> => {
  const response = await fetch(`${app.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return response.json();
};

const dayRow = z.object({ day: z.string() });
const daysIn = async (table: 'ad_performance' | 'opportunities' | 'events'): Promise<string[]> => {
  const tables = {
    ad_performance: sql`SELECT DISTINCT toString(date) AS day FROM ad_performance ORDER BY day`,
    opportunities: sql`SELECT DISTINCT toString(date) AS day FROM opportunities ORDER BY day`,
    events: sql`SELECT DISTINCT toString(date) AS day FROM events ORDER BY day`,
  };
  return (await app.store.select(dayRow, tables[table])).map(({ day }) => day);
};

const kept = z.object({ record: z.string(), day: z.string() });

it('a pull keeps days far ahead whole as rejects, and makes no partition of them', async () => {
  const days = [within, ...farDays];
  app.answer({ ads: adsFeed(days.map(ad)), crm: crmFeed(days.map(deal)) });
  const rejected = { name: 'in_the_future', count: 500 };
  // The ads come as REPLACE: so many rejects change nothing.
  expect(await app.pull()).toMatchObject([
    { status: 'FAILED', recordsRead: 501, recordsWritten: 0, rejectedByReason: [rejected] },
    { recordsRead: 501, recordsWritten: 1, rejectedByReason: [rejected] },
  ]);
  expect(await app.pull('mode: UPSERT')).toMatchObject([
    { recordsRead: 501, recordsWritten: 1, rejectedByReason: [rejected] },
    { recordsRead: 501, recordsWritten: 1, rejectedByReason: [rejected] },
  ]);
  expect(await daysIn('ad_performance')).toEqual([within]);
  expect(await daysIn('opportunities')).toEqual([within]);
});

it.each([
  ['/ingest/ad-performance', 'ad_performance', ad],
  ['/ingest/opportunities', 'opportunities', deal],
  ['/ingest/events', 'events', event],
] as const)('POST %s keeps days far ahead whole as rejects', async (path, table, make) => {
  const answer = await post(
    path,
    [within, ...farDays].map((day, index) => make(day, index)),
  );
  expect(answer).toMatchObject({ accepted: 1, rejected: 500 });
  expect(JSON.stringify(answer)).toContain('in_the_future');
  expect(await daysIn(table)).toEqual([within]);
});

it('a large push, which goes past the buffer, is held to the same days', async () => {
  const many = [...Array.from({ length: 1_500 }, () => within), ...farDays];
  expect(await post('/ingest/events', many.map(event))).toMatchObject({ accepted: 1_500, rejected: 500 });
  expect(await daysIn('events')).toEqual([within]);
});

it('a single event of a day far ahead is refused with the reason', async () => {
  expect(JSON.stringify(await post('/events', event('2110-01-01', 0)))).toContain('in_the_future');
  expect(await daysIn('events')).toEqual([within]);
});

it('what was refused is kept as it came, on the day of its refusal', async () => {
  const [row] = await app.store.select(
    kept,
    sql`SELECT record, toString(date) AS day FROM rejected_records FINAL
        WHERE reason = 'in_the_future' AND kind = 'ad_performance' ORDER BY position LIMIT 1`,
  );
  expect(JSON.parse(row?.record ?? '')).toEqual(ad('2026-02-03'));
  const days = await app.store.select(
    dayRow,
    sql`SELECT DISTINCT toString(date) AS day FROM rejected_records ORDER BY day`,
  );
  expect(days).toEqual([{ day: '2026-01-31' }]);
});
