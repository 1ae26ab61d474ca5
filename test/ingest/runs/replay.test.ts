import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bind, sql } from '../../../src/clickhouse/sql.ts';
import { createDayMerger } from '../../../src/ingest/storage/merge-days.ts';
import { parseIsoDay } from '../../../src/records/day.ts';
import { openMigratedStore, silent } from '../../support/database.ts';
import { createRecordLoader } from '../../support/records.ts';

let store: Awaited<ReturnType<typeof openMigratedStore>>;
let load: ReturnType<typeof createRecordLoader>;
beforeAll(async () => {
  store = await openMigratedStore();
  load = createRecordLoader(store);
});
afterAll(() => store.drop());

const ad = { campaign_id: 'C-1', channel: 'google', utm_campaign: 'x', clicks: 1, impressions: 1 };
const count = z.object({ count: z.number() });
const partsOf = async (table: string): Promise<number> => {
  const [row] = await store.select(
    count,
    sql`SELECT count() AS count FROM system.parts WHERE active AND database = ${bind('String', store.database)} AND table = ${bind('String', table)}`,
  );
  return row?.count ?? 0;
};

it('a key restated five times, in shuffled order, in separate batches with merges stopped, is one row with the newest figures', async () => {
  await store.command(sql`SYSTEM STOP MERGES ad_performance`, { changesAnswersOf: [] });
  const restatements = [3, 1, 5, 2, 4];
  for (const version of restatements) await load.ads([{ ...ad, date: '2025-03-01', cost: version }], version);
  const rows = await store.select(
    z.object({ cost: z.number() }),
    sql`SELECT cost FROM ad_performance FINAL WHERE date = '2025-03-01'`,
  );
  expect(rows).toEqual([{ cost: 5 }]);
  expect(await partsOf('ad_performance')).toBe(5);
  await store.command(sql`SYSTEM START MERGES ad_performance`, { changesAnswersOf: [] });
});

it('a source’s own updated_at decides which state is newer, however late it arrives', async () => {
  const opportunity = { opportunity_id: 'late', created_at: '2025-03-02T00:00:00Z', amount: 1 };
  await load.crm([{ ...opportunity, stage: 'closed_won', updated_at: '2025-03-05T00:00:00Z' }]);
  await load.crm([{ ...opportunity, stage: 'lead', updated_at: '2025-03-03T00:00:00Z' }]);
  const [row] = await store.select(
    z.object({ stage: z.string() }),
    sql`SELECT stage FROM opportunities FINAL WHERE opportunity_id = 'late'`,
  );
  expect(row).toEqual({ stage: 'closed_won' });
});

describe('an opportunity whose created_at moves to another day', () => {
  const opportunity = { opportunity_id: 'moves', stage: 'lead', amount: 1 };
  const days = async (): Promise<string[]> =>
    (
      await store.select(
        z.object({ date: z.string() }),
        sql`SELECT date FROM opportunities FINAL WHERE opportunity_id = 'moves'`,
      )
    ).map(({ date }) => date);

  it('counts once, on the new day; also when it moves back', async () => {
    await load.crm([{ ...opportunity, created_at: '2025-04-01T10:00:00Z' }]);
    await load.crm([{ ...opportunity, created_at: '2025-04-03T10:00:00Z' }]);
    expect(await days()).toEqual(['2025-04-03']);
    await load.crm([{ ...opportunity, created_at: '2025-04-01T10:00:00Z' }]);
    expect(await days()).toEqual(['2025-04-01']);
  });

  it('counts once when it moves within one feed', async () => {
    await load.crm([
      { ...opportunity, created_at: '2025-04-05T10:00:00Z' },
      { ...opportunity, created_at: '2025-04-06T10:00:00Z' },
    ]);
    expect(await days()).toEqual(['2025-04-06']);
  });

  it('counts once when two runs move it at once', async () => {
    await Promise.all([
      load.crm([{ ...opportunity, created_at: '2025-04-07T10:00:00Z' }]),
      load.crm([{ ...opportunity, created_at: '2025-04-08T10:00:00Z' }]),
    ]);
    expect(await days()).toHaveLength(1);
  });
});

// 250 partitions, more than twice what one INSERT may touch, are written again and again.
describe('a backfill of 250 days in one feed', { timeout: 120_000 }, () => {
  const day = (index: number): string => new Date(Date.UTC(2024, 0, 1 + index)).toISOString().slice(0, 10);
  // Not in the order of time: every batch holds every day.
  const order = Array.from({ length: 1_250 }, (_, index) => (index * 7) % 250);

  it('of ads rows is stored whole, in few parts once merged', async () => {
    await load.ads(
      order.map((index, row) => ({ ...ad, date: day(index), campaign_id: `C-${row}`, cost: 1 })),
    );
    const [row] = await store.select(
      count,
      sql`SELECT count() AS count FROM ad_performance FINAL WHERE date < '2024-09-08'`,
    );
    expect(row?.count).toBe(order.length);
    const merger = createDayMerger({ store, logger: silent });
    merger.add(
      'ad_performance',
      order.map((index) => parseIsoDay(day(index)) ?? 0),
    );
    await merger.idle();
    // One part a day: 250 of this feed and 2025-03-01 of the test above.
    expect(await partsOf('ad_performance')).toBeLessThanOrEqual(255);
  });

  it('of opportunities, too, and each of them moved to the next day', async () => {
    const opportunities = order.map((index, row) => ({
      opportunity_id: `B-${row}`,
      created_at: `${day(index)}T10:00:00Z`,
      stage: 'lead',
    }));
    await load.crm(opportunities);
    await load.crm(
      opportunities.map((row) => ({ ...row, created_at: row.created_at.replace('T10', 'T11') })),
    );
    await load.crm(
      order.map((index, row) => ({
        opportunity_id: `B-${row}`,
        created_at: `${day(index + 1)}T10:00:00Z`,
        stage: 'lead',
      })),
    );
    const [row] = await store.select(
      count,
      sql`SELECT count() AS count FROM opportunities FINAL WHERE opportunity_id LIKE 'B-%'`,
    );
    expect(row?.count).toBe(order.length);
  });
});
