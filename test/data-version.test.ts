import { expect, it } from 'vitest';
import { singleServer } from '../src/clickhouse/layout.ts';
import { sql } from '../src/clickhouse/sql.ts';
import type { Store } from '../src/clickhouse/store.ts';
import { createDataVersion } from '../src/data-version.ts';

const store: Store = {
  layout: singleServer,
  database: 'none',
  read: () => Promise.reject(new Error('not asked')),
  select: () => Promise.reject(new Error('not asked')),
  command: () => Promise.resolve(),
  insert: () => Promise.resolve(),
  ping: () => Promise.resolve({ freeBytes: 1e12 }),
  close: () => Promise.resolve(),
};

it('a run’s staging changes no answer; what it writes from there does', async () => {
  const version = createDataVersion();
  const watched = version.watch(store, 'acme');
  await watched.insert('staged_ad_performance', {}, 'RowBinary', []);
  await watched.command(sql`ALTER TABLE staged_ad_performance DROP PARTITION 'x'`);
  await watched.command(
    sql`ALTER TABLE utmql.staged_opportunities_local ON CLUSTER 'prod' DROP PARTITION 'x'`,
  );
  await watched.command(sql`
    INSERT INTO planned_opportunities SELECT 1`);
  await watched.command(sql`KILL QUERY WHERE 0`);
  expect(version.of('acme')).toBe(0);
  await watched.command(sql`
    INSERT INTO ad_performance SELECT * FROM staged_ad_performance`);
  expect(version.of('acme')).toBe(1);
  await watched.insert('opportunities', {}, 'RowBinary', []);
  expect(version.of('acme')).toBe(2);
  expect(version.of('other')).toBe(0);
});
