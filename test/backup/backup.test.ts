import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createBackups } from '../../src/backup/backups.ts';
import { createStore } from '../../src/clickhouse/create-store.ts';
import type { Store } from '../../src/clickhouse/store.ts';
import { createSqlReader, type SqlReader } from '../faults/sql-reader.ts';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';
import { testLimits } from '../support/database.ts';
import { dirtyFeeds } from '../support/dirty-data.ts';

const days = Array.from({ length: 20 }, (_, index) => `2025-07-${String(index + 1).padStart(2, '0')}`);
const feeds = dirtyFeeds(3, { ads: 300, crm: 200 }, days);
const name = `b_${randomBytes(6).toString('hex')}`;

let app: TestApp;
let store: Store;
let sql: SqlReader;
let database: string;
beforeAll(async () => {
  app = await startTestApp({ environment: { RESPONSE_CACHE_TTL_MS: '0' } });
  database = app.store.database;
  store = createStore({
    ...inject('clickhouse'),
    database: 'default',
    maxConcurrency: 2,
    limits: testLimits,
  });
  sql = createSqlReader(inject('clickhouse'), 'default');
  app.answer({ ads: adsFeed(feeds.ads), crm: crmFeed(feeds.crm) });
  await app.pull();
  await app.ingest.idle();
});
afterAll(async () => {
  await store.close();
  await app.close();
});

const backups = (of = database) =>
  createBackups({ store, database: of, disk: undefined, onProgress: () => undefined });
const figures = async (): Promise<unknown> =>
  (
    await app.query(
      '{ metrics(dateRange: { between: { from: "2025-07-01", to: "2025-07-31" } }, groupBy: [DATE, CHANNEL, MATCH], breakdowns: ["country"], first: 1000) { nodes { date channel match country: breakdown(name: "country") cost clicks leads closedWon revenue } totals { cost revenue } } rejectedRecords(first: 5) { totalCount } ingestRuns { id status } }',
    )
  ).data;

it('a wiped database is what it was once its backup is restored, while the program runs', async () => {
  const before = await figures();
  expect(await backups().create(name)).toMatchObject({ bytes: expect.any(Number) });
  await sql.command(`DROP DATABASE ${database} SYNC`);
  expect((await app.query('{ ingestRuns { id } }')).errors).toBeDefined();
  await backups().restore(name, { replace: false });
  expect(await figures()).toEqual(before);
  expect(await sql.count(`SELECT count() FROM system.databases WHERE startsWith(name, '${database}')`)).toBe(
    1,
  );
});

it('what a database holds is given up only when that is said', async () => {
  const before = await figures();
  await sql.command(`TRUNCATE TABLE ${database}.opportunities`);
  await expect(backups().restore(name, { replace: false })).rejects.toThrow('Add --replace');
  await backups().restore(name, { replace: true });
  expect(await figures()).toEqual(before);
});

it('a backup that is not there, taken or no name changes nothing', async () => {
  const before = await figures();
  await expect(backups().restore('none-such', { replace: true })).rejects.toThrow('There is no backup');
  await expect(backups().create(name)).rejects.toThrow('already');
  for (const bad of ['', '../x', "x')", 'a/b'])
    await expect(backups().create(bad)).rejects.toThrow('is not a valid name');
  expect(await figures()).toEqual(before);
});
