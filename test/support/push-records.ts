import { z } from 'zod';
import { sql } from '../../src/clickhouse/sql.ts';
import type { Store } from '../../src/clickhouse/store.ts';

type Raw = Record<string, unknown>;

/** An ads row, one of many: each number has a key of its own. */
export const ad = (number: number, rest: Raw = {}): Raw => ({
  date: `2025-08-${String(1 + (number % 20)).padStart(2, '0')}`,
  campaign_id: `C-${number}`,
  channel: 'google_ads',
  clicks: number,
  impressions: number * 10,
  cost: number / 4,
  utm_campaign: 'back_to_school',
  utm_source: 'google',
  utm_medium: 'cpc',
  ...rest,
});

export const deal = (number: number, rest: Raw = {}): Raw => ({
  opportunity_id: `O-${number}`,
  created_at: '2025-08-01T10:00:00Z',
  stage: 'closed_won',
  amount: 100,
  utm_campaign: 'back_to_school',
  utm_source: 'google',
  utm_medium: 'cpc',
  ...rest,
});

export const event = (number: number, rest: Raw = {}): Raw => ({
  event_id: `E-${number}`,
  timestamp: `2025-08-01T10:00:${String(number % 60).padStart(2, '0')}Z`,
  service: 'checkout',
  message: `event ${number}`,
  ...rest,
});

export const ndjson = (records: readonly unknown[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('');

/** Leaves no records and no rejects behind. */
export async function emptyTables(store: Store): Promise<void> {
  for (const table of ['ad_performance', 'opportunities', 'events', 'rejected_records'])
    await store.command(sql`TRUNCATE TABLE ${store.layout.held(table)}`, {
      everywhere: true,
      changesAnswersOf: [],
    });
}

const adsRow = z.object({
  row_count: z.number(),
  clicks_sum: z.number(),
  cost_sum: z.number(),
});

/** Rows, clicks and cost of all ads rows. */
export async function adsTotals(store: Store): Promise<{ rows: number; clicks: number; cost: number }> {
  const [row] = await store.select(
    adsRow,
    sql`SELECT count() AS row_count, sum(clicks) AS clicks_sum, sum(cost) AS cost_sum FROM ad_performance FINAL`,
  );
  return { rows: row?.row_count ?? 0, clicks: row?.clicks_sum ?? 0, cost: row?.cost_sum ?? 0 };
}

export async function eventIds(store: Store): Promise<string[]> {
  const rows = await store.select(
    z.object({ event_id: z.string() }),
    sql`SELECT event_id FROM events FINAL ORDER BY event_id`,
  );
  return rows.map(({ event_id }) => event_id);
}

const rejectRow = z.object({
  line: z.number(),
  reason: z.string(),
  field: z.string(),
  record: z.string(),
  kind: z.string(),
});

export const rejectsOf = (store: Store): Promise<z.infer<typeof rejectRow>[]> =>
  store.select(
    rejectRow,
    sql`SELECT line, reason, field, record, kind FROM rejected_records FINAL ORDER BY rejected_at, line`,
  );

/** Waits until `check` gives something, looking again and again: less often the longer it takes, since each look is work. */
export async function eventually<T>(check: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + 20_000;
  for (let waitMs = 20; ; waitMs = Math.min(1.5 * waitMs, 200)) {
    const found = await check();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error('it did not come about within 20 s');
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
