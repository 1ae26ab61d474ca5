import { afterAll, beforeAll, expect, it } from 'vitest';
import { readCapacity } from '../../src/clickhouse/capacity.ts';
import { sql } from '../../src/clickhouse/sql.ts';
import { openStore } from '../support/database.ts';

let store: Awaited<ReturnType<typeof openStore>>;
beforeAll(async () => {
  store = await openStore();
});
afterAll(() => store.drop());

it('days that are not merged do not each get a hash table for the groups', async () => {
  const touches = { changesAnswersOf: [] };
  await store.command(
    sql`CREATE TABLE days (date Date, key UInt64, version UInt64) ENGINE = ReplacingMergeTree(version) PARTITION BY date ORDER BY (date, key)`,
    touches,
  );
  await store.command(sql`SYSTEM STOP MERGES days`, touches);
  for (const _ of ['stored', 'restated']) {
    await store.command(
      sql`INSERT INTO days SELECT toDate('2026-01-01') + number % 20, number, 1 FROM numbers(2_000)`,
      touches,
    );
  }
  const { cores, threads, memoryBytes, settings } = await readCapacity(store);
  expect([cores > 0, threads > 0, (memoryBytes ?? 0) > 0]).toEqual([true, true, true]);
  const { rows } = await store.read(
    sql`SELECT explain FROM (EXPLAIN PIPELINE SELECT key, count() FROM days FINAL GROUP BY key) WHERE explain LIKE '%AggregatingTransform%'`,
    { settings },
  );
  const [, streams = '1'] = /× (\d+)/.exec(String(rows[0]?.[0])) ?? [];
  expect(Number(streams)).toBeLessThanOrEqual(threads);
});
