import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, type TestContext, vi } from 'vitest';
import { type App, startApp } from '../../src/app.ts';
import { Sql, sql } from '../../src/clickhouse/sql.ts';
import { readConfig } from '../../src/config/config.ts';
import { systemClock } from '../../src/time.ts';
import { type BadDisk, fullDisk } from '../faults/bad-disks.ts';
import { silent } from '../support/database.ts';

let parent: string;
let disk: BadDisk | undefined;
let app: App | undefined;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'utmql-full-'));
  disk = await fullDisk(parent, 128);
  if (disk === undefined) return;
  app = await startApp({
    config: readConfig({ PORT: '0', DATA_DIR: disk.folder, CONTACT_HASH_KEY: 'a key of sixteen characters' }),
    environment: {},
    logger: silent,
    clock: systemClock,
    onLost: (error) => {
      throw error;
    },
  });
  await disk.breakNow(process.pid);
});
afterAll(async () => {
  await disk?.heal(process.pid);
  await app?.stop();
  await disk?.remove();
  await rm(parent, { recursive: true, force: true });
});

/** The program on its own ClickHouse, whose disk is full. */
const onFullDisk = (context: TestContext): App => {
  if (app === undefined) return context.skip('mounting is not allowed');
  return app;
};

const full = {
  code: 'STORE_UNAVAILABLE',
  message: expect.stringContaining('The disk of the database is full: its operator must free some of it'),
};

it('questions are answered from what is stored', async (context) => {
  const { url } = onFullDisk(context);
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      query:
        '{ metrics(dateRange: { last: { count: 7, unit: DAY } }, groupBy: [DATE]) { nodes { date cost } totals { cost leads } } }',
    }),
  });
  expect(await response.json()).toEqual({
    data: { metrics: { nodes: [], totals: { cost: 0, leads: 0 } } },
  });
});

it('a question that needs room there is told what is missing', async (context) => {
  const { store } = onFullDisk(context);
  const spilling = sql`SELECT sum(times) FROM (SELECT number, count() AS times FROM numbers(3000000) GROUP BY number)`;
  const settings = {
    max_bytes_before_external_group_by: '10000000',
    max_bytes_ratio_before_external_group_by: 0,
  };
  await expect(store.read(spilling, { settings })).rejects.toMatchObject(full);
  // Longer than what ClickHouse keeps in memory.
  await expect(
    store.read(sql`SELECT number FROM numbers(1000000)`, { settings: { max_result_rows: '0' } }),
  ).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('as it does where its disk is full'),
  });
});

it('a write is told so, too', async (context) => {
  const { store } = onFullDisk(context);
  const insert = new Sql(
    ["INSERT INTO events (event_id, workspace) SELECT toString(number), 'x' FROM numbers(100000)"],
    [],
  );
  await expect(store.command(insert, { changesAnswersOf: [] })).rejects.toMatchObject(full);
});

it('/readyz knows it, and stays ready for questions', async (context) => {
  const { url } = onFullDisk(context);
  await vi.waitFor(
    async () => {
      // What was in the way of others may have been removed meanwhile, by a merge or a write that failed.
      await disk?.breakNow(process.pid);
      const response = await fetch(`${url}/readyz`);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ status: 'ready', store: 'disk full' });
    },
    { timeout: 20_000, interval: 1_000 },
  );
});
