import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { bind, type Sql, sql } from '../../src/clickhouse/sql.ts';
import { labelNames, snakeCase, sumNames } from '../../src/metrics/registry.ts';
import { detailedRollupSet } from '../../src/metrics/rollups/sets.ts';
import { formatDay, parseIsoDay } from '../../src/records/day.ts';
import { baseDays } from '../../src/rollups/base-days.ts';
import { buildFromTables, deleteBuilds, publishDays, withdraw } from '../../src/rollups/build-statements.ts';
import { startRollupBuilder } from '../../src/rollups/builder.ts';
import { createRollupState } from '../../src/rollups/current.ts';
import { openMigratedStore, silent } from '../support/database.ts';
import { createRecordLoader } from '../support/records.ts';

const day = parseIsoDay('2025-08-05') ?? 0;
const sets = [detailedRollupSet];
const definition = '7';
let store: Awaited<ReturnType<typeof openMigratedStore>>;
const quiet = { changesAnswersOf: [] };
const waiting = { timeout: 20_000, interval: 200 };

beforeAll(async () => {
  store = await openMigratedStore();
  await createRecordLoader(store).ads([
    { date: '2025-08-05', campaign_id: 'C-1', channel: 'google', clicks: 3, cost: 1.5 },
  ]);
});
afterAll(() => store.close());

const countRow = z.object({ number: z.string(), clicks: z.number() });
const rows = () =>
  store.select(countRow, sql`SELECT toString(built) AS number, clicks FROM rollup_sums ORDER BY built`);
const baseOf = async (): Promise<string> => {
  const [row] = await store.select(
    z.object({ base: z.string() }),
    sql`SELECT toString(base) AS base FROM (${baseDays(store)})`,
  );
  return row?.base ?? '';
};

it('has a column for every dimension that a set may have, and for every sum', async () => {
  const found = await store.select(
    z.object({ name: z.string() }),
    sql`SELECT name FROM system.columns WHERE database = ${bind('String', store.database)} AND table = 'rollup_sums'`,
  );
  const names = found.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining([...labelNames, ...sumNames].map(snakeCase)));
});

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
  expect(await state.look()).toMatchObject({ stale: [day] });
  await store.command(sql`OPTIMIZE TABLE ad_performance FINAL`, quiet);
  expect(await baseOf()).toBe(changed);
  await store.command(sql`ALTER TABLE ad_performance DELETE WHERE clicks = 4`, {
    ...quiet,
    settings: { mutations_sync: '2' },
  });
  expect(await baseOf()).not.toBe(changed);
  await store.command(sql`ALTER TABLE ad_performance DROP PARTITION '2025-08-05'`, quiet);
  // Nothing to build, and nothing that the old build may answer.
  expect(await state.look()).toMatchObject({ stale: [], built: { day: new Map() }, gone: { day: [day] } });
});

it('builds are deleted by their numbers, and what the tables have no more counts no more', async () => {
  await store.command(sql`TRUNCATE TABLE rollup_sums`, quiet);
  await createRecordLoader(store).ads([
    { date: '2025-08-05', campaign_id: 'C-2', channel: 'google', clicks: 5, cost: 1.5 },
  ]);
  const synchronous = { ...quiet, settings: { mutations_sync: '2' } };
  for (const build of [1n, 2n, 3n])
    await store.command(buildFromTables(detailedRollupSet, [day], build << 22n), quiet);
  const numbers = (await rows()).map(({ number }) => number);
  expect(numbers).toHaveLength(3);
  await store.command(deleteBuilds(store.layout.held('rollup_sums'), numbers.slice(0, 2)), synchronous);
  expect((await rows()).map(({ number }) => number)).toEqual(numbers.slice(2));

  const state = createRollupState({ store, sets, definition });
  await store.command(publishDays([{ date: day, base: await baseOf() }], 3n << 22n, definition), quiet);
  expect(await state.look()).toMatchObject({ stale: [], built: { day: new Map([[day, numbers[2]]]) } });
  await store.command(sql`ALTER TABLE ad_performance DROP PARTITION '2025-08-05'`, quiet);
  expect(await state.look()).toMatchObject({ stale: [], gone: { day: [day] } });
  await store.command(withdraw(store.layout.held('rollup_days'), 'day', [day]), synchronous);
  expect(await state.look()).toMatchObject({ stale: [], gone: { day: [] } });
});

it('the builder deletes what has not counted for twenty minutes, and nothing that counts', async () => {
  await store.command(sql`TRUNCATE TABLE rollup_sums`, quiet);
  let now = Date.now();
  let elapsed = 0;
  const state = createRollupState({ store, sets, definition });
  const builder = startRollupBuilder({
    store,
    state,
    sets,
    definition,
    lock: { runExclusive: async (work) => work() },
    today: () => day + 1,
    clock: { now: () => now },
    elapsedMs: () => elapsed,
    logger: silent,
  });
  const ad = { date: '2025-08-05', campaign_id: 'C-3', channel: 'google', cost: 1.5 };
  const built = async (clicks: number): Promise<string> => {
    await createRecordLoader(store).ads([{ ...ad, clicks }]);
    await vi.waitFor(async () => {
      // A day is built when it has been at rest for a while.
      elapsed += 2_000;
      expect((await state.look()).stale).toEqual([]);
    }, waiting);
    return (await state.look()).built.day.get(day) ?? '';
  };
  try {
    const first = await built(6);
    const second = await built(7);
    expect((await rows()).map(({ number }) => number)).toEqual([first, second]);
    elapsed += 1_200_000;
    await vi.waitFor(async () => {
      elapsed += 1_200_000;
      expect((await rows()).map(({ number }) => number)).toEqual([second]);
    }, waiting);
    expect((await state.look()).stale).toEqual([]);
    // A clock that goes back does not keep a day from being built.
    now -= 86_400_000;
    expect(BigInt(await built(8))).toBeGreaterThan(BigInt(second));
  } finally {
    await builder.stop();
  }
}, 60_000);

let other = day + 10;
it.each<[change: string, make: (date: string) => Promise<unknown>]>([
  ['an ads row', (date) => createRecordLoader(store).ads([{ ...adOf(date), clicks: 9 }])],
  ['another CRM record', (date) => createRecordLoader(store).crm([dealOf('O-2', date)])],
  ['a mutation of ads rows', (date) => mutate(sql`ad_performance`, sql`clicks = 10`, date)],
  ['a mutation of CRM records', (date) => mutate(sql`opportunities`, sql`amount = 11`, date)],
  ['the end of the ads rows', (date) => drop(sql`ad_performance`, date)],
  ['the end of the CRM records', (date) => drop(sql`opportunities`, date)],
])('the next look tells of a day that changes by %s', async (_, make) => {
  // What is sent again for a day would be stored once.
  other += 1;
  const date = formatDay(other);
  await createRecordLoader(store).ads([adOf(date)]);
  await createRecordLoader(store).crm([dealOf('O-1', date)]);
  const state = createRollupState({ store, sets, definition });
  const [held] = await store.select(
    z.object({ base: z.string() }),
    sql`SELECT toString(base) AS base FROM (${baseDays(store)}) WHERE date = ${bind('Date', date)}`,
  );
  await store.command(
    publishDays([{ date: other, base: held?.base ?? '' }], BigInt(Date.now()) << 22n, definition),
    quiet,
  );
  expect((await state.look()).stale).not.toContain(other);
  await make(date);
  expect((await state.look()).stale).toContain(other);
});

const adOf = (date: string) => ({ date, campaign_id: 'C-9', channel: 'google', clicks: 1, cost: 1.5 });
const dealOf = (id: string, date: string) => ({
  opportunity_id: id,
  created_at: `${date}T10:00:00Z`,
  stage: 'lead',
  amount: 1,
});
const mutate = (table: Sql, set: Sql, date: string) =>
  store.command(sql`ALTER TABLE ${table} UPDATE ${set} WHERE date = ${bind('Date', date)}`, {
    ...quiet,
    settings: { mutations_sync: '2' },
  });
const drop = (table: Sql, date: string) =>
  store.command(sql`ALTER TABLE ${table} DROP PARTITION ${bind('String', date)}`, quiet);
