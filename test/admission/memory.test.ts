import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAdmission, type OverloadReason, withTurns } from '../../src/admission/admission.ts';
import { createMemoryShares } from '../../src/admission/memory-shares.ts';
import { bind, type Sql, sql } from '../../src/clickhouse/sql.ts';
import type { QueryWeight, Store } from '../../src/clickhouse/store.ts';
import { systemClock } from '../../src/time.ts';
import { openStore } from '../support/database.ts';

let store: Awaited<ReturnType<typeof openStore>>;
beforeAll(async () => {
  store = await openStore();
});
afterAll(() => store.drop());

const gigabyte = 1_024 ** 3;

/** Needs about 20 bytes for each. */
const numbers = (count: number): Sql =>
  sql`SELECT length(groupArray(number)) FROM numbers(${bind('UInt64', count)})`;

/** A server of 1 GB with 8 slots: 64 MB for a light query, 234 MB for a heavy one that is alone. */
function open(): { turns: Store; reasons: OverloadReason[] } {
  const reasons: OverloadReason[] = [];
  const admission = createAdmission({
    settings: { slots: 8, cores: 8, mostWaiting: 10, mostWaitingOfAll: 100 },
    timeoutMs: () => 30_000,
    threads: 2,
    querySettings: {},
    memory: createMemoryShares(gigabyte, 8, () => gigabyte),
    clock: systemClock,
    ended: async () => undefined,
    onRateLimited: () => undefined,
    onOverloaded: (reason) => reasons.push(reason),
  });
  return { turns: withTurns(store, admission.open({ account: 'a', workspace: 'w' }, 'r')), reasons };
}

const answer = (from: Store, count: number, weight: QueryWeight): Promise<unknown> =>
  from.read(numbers(count), { weight }).then(
    ({ rows }) => rows[0]?.[0],
    (error: { code: string }) => error.code,
  );

it('a light query that needs more than its share is answered as a heavy one', async () => {
  const { turns, reasons } = open();
  expect(await answer(turns, 7_000_000, 'light')).toBe(7_000_000);
  expect(await answer(turns, 70_000_000, 'light')).toBe('QUERY_TOO_EXPENSIVE');
  expect(reasons).toEqual([]);
});

it('a heavy query for which others leave too little is OVERLOADED, and too expensive only where it is alone', async () => {
  const { turns, reasons } = open();
  const slow = turns.read(sql`SELECT sleepEachRow(1) FROM numbers(2)`, { weight: 'heavy' });
  expect(await answer(turns, 7_000_000, 'heavy')).toBe('OVERLOADED');
  expect(reasons).toEqual(['memory']);
  await slow;
  expect(await answer(turns, 7_000_000, 'heavy')).toBe(7_000_000);
  expect(await answer(turns, 70_000_000, 'heavy')).toBe('QUERY_TOO_EXPENSIVE');
  expect(reasons).toEqual(['memory']);
});
