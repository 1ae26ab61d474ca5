import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { sql } from '../../src/clickhouse/sql.ts';
import { detailedRollupSet } from '../../src/metrics/rollups/sets.ts';
import { parseIsoDay } from '../../src/records/day.ts';
import { baseDays } from '../../src/rollups/base-days.ts';
import { buildFromTables, deleteSuperseded, publishDays } from '../../src/rollups/build-statements.ts';
import { createRollupState } from '../../src/rollups/current.ts';
import { openMigratedStore } from '../support/database.ts';
import { createRecordLoader } from '../support/records.ts';

const day = parseIsoDay('2025-08-05') ?? 0;
const sets = [detailedRollupSet];
const definition = '7';
let store: Awaited<ReturnType<typeof openMigratedStore>>;
const quiet = { changesAnswersOf: [] };

beforeAll(async () => {
  store = await openMigratedStore();
  await createRecordLoader(store).ads([
    { date: '2025-08-05', campaign_id: 'C-1', channel: 'google', clicks: 3, cost: 1.5 },
  ]);
});
afterAll(() => store.close());

const countRow = z.object({ number: z.string(), clicks: z.number() });
const rows = () =>
  store.select(countRow, sql`SELECT toString(built) AS number, clicks FROM rollups ORDER BY built`);
const baseOf = async (): Promise<string> => {
  const [row] = await store.select(
    z.object({ base: z.string() }),
    sql`SELECT toString(base) AS base FROM (${baseDays(store)})`,
  );
  return row?.base ?? '';
};

it('a day can be answered from the moment its build is published, until its tables change; a merge is no change', async () => {
  const state = createRollupState({ store, sets, definition });
  const build = 1n << 22n;
  const base = await baseOf();
  await store.command(buildFromTables(detailedRollupSet, [day], build), quiet);
  expect((await state.look()).stale).toEqual([day]);
  await store.command(publishDays([{ date: day, base }], build, definition), quiet);
  expect((await state.look()).stale).toEqual([]);
  // Of other sets.
  expect((await createRollupState({ store, sets, definition: '8' }).look()).stale).toEqual([day]);

  const again = { date: '2025-08-05', campaign_id: 'C-1', channel: 'google', clicks: 4, cost: 1.5 };
  await createRecordLoader(store).ads([again]);
  const changed = await baseOf();
  expect(changed).not.toBe(base);
  expect(await state.look()).toMatchObject({ stale: [day], toBuild: [day] });
  await store.command(sql`OPTIMIZE TABLE ad_performance FINAL`, quiet);
  expect(await baseOf()).toBe(changed);
  await store.command(sql`ALTER TABLE ad_performance DELETE WHERE clicks = 4`, {
    ...quiet,
    settings: { mutations_sync: '2' },
  });
  expect(await baseOf()).not.toBe(changed);
  await store.command(sql`ALTER TABLE ad_performance DROP PARTITION '2025-08-05'`, quiet);
  // Nothing to build, and nothing that the old build may answer.
  expect(await state.look()).toMatchObject({ stale: [day], toBuild: [] });
});

it('what is superseded is deleted once it is old', async () => {
  await store.command(sql`TRUNCATE TABLE rollups`, quiet);
  await createRecordLoader(store).ads([
    { date: '2025-08-05', campaign_id: 'C-2', channel: 'google', clicks: 5, cost: 1.5 },
  ]);
  const builds = [1n << 22n, 2n << 22n, 3n << 22n];
  for (const build of builds) await store.command(buildFromTables(detailedRollupSet, [day], build), quiet);
  const numbers = (await rows()).map(({ number }) => number);
  expect(numbers).toHaveLength(3);
  const [, kept = ''] = numbers;
  await store.command(deleteSuperseded(store.layout.held('rollups'), [kept], 3n << 22n), {
    ...quiet,
    settings: { mutations_sync: '2' },
  });
  expect((await rows()).map(({ number }) => number)).toEqual(numbers.slice(1));
});
