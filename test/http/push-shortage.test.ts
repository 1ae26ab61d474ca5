import type { ClickHouseSettings } from '@clickhouse/client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { sql } from '../../src/clickhouse/sql.ts';
import type { CallOptions } from '../../src/clickhouse/store.ts';
import { wrapStore } from '../../src/clickhouse/wrap-store.ts';
import { startTestPush, type TestPush } from '../support/push.ts';
import { ad, adsTotals, deal, event, eventually, ndjson, rejectsOf } from '../support/push-records.ts';

/** What ClickHouse lets a call that touches some table have, for the next calls. */
interface Shortage {
  readonly settings: ClickHouseSettings;
  calls: number;
}
const noMemory = (calls: number): Shortage => ({
  settings: { max_memory_usage: '1', max_untracked_memory: '0' },
  calls,
});
const noTime = (calls: number): Shortage => ({
  settings: { max_execution_time: 0.000_001 },
  calls,
});

let app: TestPush;
const short = new Map<'insert' | 'select', Shortage>();

beforeEach(async () => {
  short.clear();
  const within = <Options extends CallOptions>(kind: 'insert' | 'select', options: Options): Options => {
    const shortage = short.get(kind);
    if (shortage === undefined || shortage.calls <= 0) return options;
    shortage.calls -= 1;
    return { ...options, settings: { ...options.settings, ...shortage.settings } };
  };
  app = await startTestPush({
    drainIntervalMs: 20,
    breakerOpenMs: 300,
    storeOf: (store) =>
      wrapStore(store, {
        read: (options, next) => next(within('select', options)),
        write: (options, next) => next(within('insert', options)),
      }),
  });
});
afterEach(() => app.close());

// So many calls fail that a batch of four is halved down to its first record.
it.each([
  ['memory', 'insert', noMemory(3)],
  ['time', 'insert', noTime(3)],
  ['memory for the look-up of opportunities', 'select', noMemory(3)],
] as const)('records wait while ClickHouse has no %s, and none is rejected', async (_what, kind, shortage) => {
  const path = kind === 'select' ? '/ingest/opportunities' : '/ingest/ad-performance';
  const records = [1, 2, 3, 4].map((number) => (kind === 'select' ? deal(number) : ad(number)));
  short.set(kind, { ...shortage });
  expect(await app.post(path, records)).toMatchObject({ status: 202, body: { accepted: 4, stored: false } });
  await eventually(async () => app.buffer.stats().records === 0);
  expect(short.get(kind)?.calls).toBe(0);
  expect(await rejectsOf(app.store)).toEqual([]);
  if (kind === 'insert') expect(await adsTotals(app.store)).toMatchObject({ rows: 4 });
});

it('a large push is 503 with Retry-After while ClickHouse has no memory, and the same again completes it', async () => {
  const many = ndjson(Array.from({ length: 1_500 }, (_, index) => ad(index)));
  const lines = { 'content-type': 'application/x-ndjson' };
  short.set('insert', noMemory(1));
  const refused = await app.post('/ingest/ad-performance', many, lines);
  expect(refused).toMatchObject({ status: 503, body: { error: { code: 'STORE_UNAVAILABLE' } } });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await app.post('/ingest/ad-performance', many, lines)).status).toBe(200);
  expect(await adsTotals(app.store)).toMatchObject({ rows: 1_500 });
});

it('what is stored of a batch is not stored again with the rest of it, and newer records', async () => {
  const rows = async (): Promise<number> =>
    (await app.store.select(z.object({ rows: z.number() }), sql`SELECT count() AS rows FROM events`))[0]
      ?.rows ?? 0;
  await app.store.command(sql`SYSTEM STOP MERGES events`, { changesAnswersOf: [] });
  await app.proxy.away('refused');
  await app.post('/ingest/opportunities', [deal(1)]);
  await app.post('/ingest/events', [event(1), event(2)]);
  short.set('select', noMemory(2));
  await app.proxy.back();
  await eventually(async () => (await rows()) === 2);
  await app.post('/ingest/events', [event(3)]);
  await eventually(async () => app.buffer.stats().records === 0);
  expect([short.get('select')?.calls, await rows()]).toEqual([0, 3]);
  await app.push.stop();
  const runs = await app.runs.list('default', { limit: 10 });
  expect(runs.reduce((sum, { recordsWritten }) => sum + recordsWritten, 0)).toBe(4);
});
