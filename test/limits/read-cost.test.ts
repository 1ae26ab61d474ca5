import { afterAll, beforeAll, expect, it } from 'vitest';
import { bind, sql } from '../../src/clickhouse/sql.ts';
import { withReadCost } from '../../src/limits/read-cost.ts';
import { openStore } from '../support/database.ts';

let store: Awaited<ReturnType<typeof openStore>>;
beforeAll(async () => {
  store = await openStore();
});
afterAll(() => store.drop());

const costOf = async (rows: number, columns: 1 | 2): Promise<number> => {
  let spent = 0;
  const paid = withReadCost(store, (cost) => {
    spent += cost;
  });
  const wanted = columns === 1 ? sql`sum(number)` : sql`sum(number), sum(twice)`;
  await paid.command(sql`DROP TABLE IF EXISTS numbers_read`, { changesAnswersOf: [] });
  await paid.command(
    sql`CREATE TABLE numbers_read ENGINE = MergeTree ORDER BY () AS SELECT number, number * 2 AS twice FROM numbers(${bind('UInt64', rows)})`,
    { changesAnswersOf: [] },
  );
  await paid.read(sql`SELECT ${wanted} FROM numbers_read`);
  return spent;
};

it('follows the rows and the columns that are read, not the one row that comes back', async () => {
  const base = await costOf(1_000_000, 1);
  expect(base).toBe(2_000);
  expect(await costOf(2_000_000, 1)).toBe(2 * base);
  expect(await costOf(1_000_000, 2)).toBe(2 * base);
});

it('counts a read that fails by its time', async () => {
  let spent = 0;
  const paid = withReadCost(store, (cost) => {
    spent += cost;
  });
  const leaving = new AbortController();
  setTimeout(() => leaving.abort(), 200);
  const slow = paid.read(sql`SELECT sleepEachRow(1) FROM numbers(3)`, { signal: leaving.signal });
  await expect(slow).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(spent).toBeGreaterThan(100 * 125);
});

it('counts nothing where the server has too much to do', async () => {
  let spent = 0;
  const paid = withReadCost(store, (cost) => {
    spent += cost;
  });
  const one = store.read(sql`SELECT sleepEachRow(1) FROM numbers(2)`);
  const settings = { max_concurrent_queries_for_all_users: '1' };
  const refused = async (): Promise<unknown> => {
    spent = 0;
    return paid.read(sql`SELECT 1`, { settings }).catch((error: unknown) => error);
  };
  await expect.poll(refused).toMatchObject({ code: 'OVERLOADED' });
  expect(spent).toBe(0);
  await one;
});
