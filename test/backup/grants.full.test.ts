import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createBackups } from '../../src/backup/backups.ts';
import { createStore } from '../../src/clickhouse/create-store.ts';
import { sql } from '../../src/clickhouse/sql.ts';
import type { Store } from '../../src/clickhouse/store.ts';
import { adsFeed, startTestApp } from '../support/app.ts';
import { testLimits } from '../support/database.ts';
import { readText } from '../support/deploy.ts';
import { startGrantedServer } from '../support/granted-server.ts';

const ad = { date: '2025-08-01', campaign_id: 'C-1', channel: 'google', clicks: 1, cost: 2 };
const linesOf = (text: string): string[] => text.match(/<query>.*<\/query>/g) ?? [];
const forRestore = linesOf(
  /<!-- restore grants -->\s+```xml([\s\S]*?)```/.exec(readText('docs/backup.md'))?.[1] ?? '',
);

let server: Awaited<ReturnType<typeof startGrantedServer>>;
const storeOf = (): Store =>
  createStore({
    url: server.url,
    ...server.utmql,
    database: 'default',
    maxConcurrency: 2,
    limits: testLimits,
  });
const backupsOf = (store: Store) =>
  createBackups({ store, database: 'utmql', disk: undefined, onProgress: () => undefined });
const start = () =>
  startTestApp({
    environment: {
      SQL_VIEWS: 'on',
      CLICKHOUSE_URL: server.url,
      CLICKHOUSE_USER: server.utmql.username,
      CLICKHOUSE_PASSWORD: server.utmql.password,
      CLICKHOUSE_DATABASE: 'utmql',
    },
  });
const clean = async (more: readonly string[]): Promise<void> => {
  server = await startGrantedServer(more);
  const app = await start();
  app.answer({ ads: adsFeed([ad]) });
  await app.pull('sources: ["ads"]');
  await app.ingest.idle();
  await app.stop();
};

beforeAll(() => clean(forRestore), 120_000);
afterAll(() => server?.stop(), 60_000);

it('with the lines of the manual, utmql’s user makes backups and restores them', async () => {
  expect(forRestore).not.toEqual([]);
  const store = storeOf();
  await backupsOf(store).create('first');
  await store.command(sql`DROP TABLE utmql.ad_performance SYNC`, { changesAnswersOf: [] });
  await backupsOf(store).restore('first', { replace: true });
  const found = await store.read(sql`SELECT campaign_id FROM utmql.ad_performance`);
  expect(found.rows).toEqual([['C-1']]);
  // The views are those of the database while it was restored, and are made anew at the next start.
  const again = await start();
  const readable = async () => store.read(sql`SELECT campaign_id FROM utmql.metrics_daily`);
  await vi.waitFor(async () => expect((await readable()).rows).toEqual([['C-1']]), 20_000);
  await again.stop();
  await store.close();
});

it('with the file as it is, it makes backups and destroys nothing', async () => {
  await server.stop();
  await clean([]);
  const store = storeOf();
  await backupsOf(store).create('first');
  await expect(backupsOf(store).restore('first', { replace: true })).rejects.toThrow();
  const found = await store.read(sql`SELECT campaign_id FROM utmql.ad_performance`);
  expect(found.rows).toEqual([['C-1']]);
  await store.close();
}, 120_000);
