import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { sql } from '../../../src/clickhouse/sql.ts';
import type { Store } from '../../../src/clickhouse/store.ts';
import { createDayMerger } from '../../../src/ingest/storage/merge-days.ts';
import { createCensus } from '../../../src/telemetry/store-census.ts';
import { systemClock } from '../../../src/time.ts';
import { openMigratedStore, silent } from '../../support/database.ts';
import { createRecordLoader } from '../../support/records.ts';

let store: Awaited<ReturnType<typeof openMigratedStore>>;
beforeAll(async () => {
  store = await openMigratedStore();
});
afterAll(() => store.close());

const quiet = { changesAnswersOf: [] };
const ad = (day: string, clicks: number) => ({
  date: day,
  campaign_id: `C-${clicks}`,
  channel: 'google',
  clicks,
  cost: 1.5,
});
const partsOf = async (): Promise<Record<string, number>> => {
  const rows = await store.select(
    z.object({ partition: z.string(), parts: z.number() }),
    sql`SELECT partition, count() AS parts FROM system.parts
        WHERE active AND database = currentDatabase() AND table = 'ad_performance' GROUP BY partition`,
  );
  return Object.fromEntries(rows.map(({ partition, parts }) => [partition, parts]));
};

it('days that nobody has noted are found, counted and merged; those that have just changed are not', async () => {
  // ClickHouse must not merge them by itself meanwhile; OPTIMIZE still does.
  await store.command(
    sql`ALTER TABLE ad_performance MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = 1`,
    quiet,
  );
  const load = createRecordLoader(store);
  for (const clicks of [1, 2]) await load.ads([ad('2025-08-05', clicks), ad('2025-08-06', clicks)]);
  await load.ads([ad('2025-08-07', 1)]);
  expect(await partsOf()).toEqual({ '2025-08-05': 2, '2025-08-06': 2, '2025-08-07': 1 });
  const census = createCensus({
    store,
    sourceNames: () => [],
    retentionDays: { ad_performance: 800 },
    maxFutureDays: 2,
    clock: systemClock,
  });
  expect((await census()).days).toMatchObject([{ table: 'ad_performance', stored: 3, unmerged: 2 }]);

  const sweep = { tables: ['ad_performance'], everyMs: 50 };
  let merges = 0;
  const counting: Store = {
    ...store,
    command: (...call) => {
      merges += 1;
      return store.command(...call);
    },
  };
  const patient = createDayMerger({
    store: counting,
    sweep: { ...sweep, restSeconds: 3_600 },
    logger: silent,
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  await patient.stop();
  expect(merges).toBe(0);

  const merger = createDayMerger({ store: counting, sweep: { ...sweep, restSeconds: 0 }, logger: silent });
  await vi.waitFor(
    async () => {
      expect(merges).toBeGreaterThanOrEqual(2);
      expect(Object.values(await partsOf())).toEqual([1, 1, 1]);
    },
    { timeout: 20_000 },
  );
  await merger.stop();
  expect((await census()).days).toMatchObject([{ stored: 3, unmerged: 0 }]);
});
