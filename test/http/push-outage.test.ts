import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sql } from '../../src/clickhouse/sql.ts';
import type { Store } from '../../src/clickhouse/store.ts';
import { wrapStore } from '../../src/clickhouse/wrap-store.ts';
import { startTestPush, type TestPush } from '../support/push.ts';
import {
  ad,
  adsTotals,
  deal,
  event,
  eventIds,
  eventually,
  ndjson,
  rejectsOf,
} from '../support/push-records.ts';

let app: TestPush;
beforeEach(async () => {
  app = await startTestPush({ drainIntervalMs: 20, breakerOpenMs: 300, maxRecords: 2_000 });
});
afterEach(() => app.close());

const many = ndjson(Array.from({ length: 1_500 }, (_, index) => ad(index)));
const lines = { 'content-type': 'application/x-ndjson' };
const metric = async (name: string): Promise<number | undefined> => {
  const found = await app.telemetry.registry.getSingleMetric(name)?.get();
  return found?.values[0]?.value;
};

describe.each(['refused', 'silent'] as const)('while ClickHouse is away (%s)', (how) => {
  it('small pushes are 202 and stored when it is back, rejects too', async () => {
    await app.proxy.away(how);
    const answer = await app.post('/ingest/ad-performance', [ad(1), ad(2), { date: 1 }]);
    expect(answer).toMatchObject({ status: 202, body: { accepted: 2, rejected: 1, stored: false } });
    expect((await app.post('/ingest/opportunities', [deal(1)])).status).toBe(202);
    expect((await app.post('/events', event(1))).status).toBe(202);
    expect(await adsTotals(app.store)).toMatchObject({ rows: 0 });
    expect(await metric('buffer_records')).toBe(5);
    await app.proxy.back();
    await eventually(async () => app.buffer.stats().records === 0);
    expect(await adsTotals(app.store)).toMatchObject({ rows: 2, clicks: 3 });
    expect(await eventIds(app.store)).toEqual(['E-1']);
    expect(await rejectsOf(app.store)).toHaveLength(1);
  });
});

describe('while ClickHouse is away', () => {
  it('a large push is 503 with Retry-After, and the same again completes it', async () => {
    await app.proxy.away('refused');
    const refused = await app.post('/ingest/ad-performance', many, lines);
    expect(refused).toMatchObject({ status: 503, body: { error: { code: 'STORE_UNAVAILABLE' } } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    await app.proxy.back();
    await eventually(async () => (await app.post('/ingest/ad-performance', many, lines)).status === 200);
    expect(await adsTotals(app.store)).toMatchObject({ rows: 1_500, clicks: (1_499 * 1_500) / 2 });
  });

  it('the circuit opens after five failures, which /metrics shows: then nobody asks it', async () => {
    let asked = 0;
    const storeOf = (store: Store): Store =>
      wrapStore(store, {
        async read(options, next) {
          asked += 1;
          return next(options);
        },
        async write(options, next) {
          asked += 1;
          await next(options);
        },
      });
    app = await app.restart({ drainIntervalMs: 20, breakerOpenMs: 600_000, storeOf });
    await app.proxy.away('refused');
    await app.post('/events', event(1));
    await eventually(async () => (await metric('circuit_breaker_state')) === 2);
    expect(asked).toBeGreaterThanOrEqual(5);
    asked = 0;
    expect((await app.post('/ingest/events', [event(2)])).status).toBe(202);
    expect((await app.post('/ingest/ad-performance', [ad(1)])).status).toBe(202);
    expect(asked).toBe(0);
  });

  it('the circuit closes once two calls went well', async () => {
    await app.proxy.away('refused');
    await app.post('/events', event(1));
    await eventually(async () => (await metric('circuit_breaker_state')) === 2);
    expect((await app.post('/ingest/events', [event(2)])).status).toBe(202);
    await app.proxy.back();
    await eventually(async () => app.buffer.stats().records === 0);
    expect((await app.post('/ingest/events', [event(3)])).status).toBe(200);
    expect(await metric('circuit_breaker_state')).toBe(0);
    expect(await eventIds(app.store)).toEqual(['E-1', 'E-2', 'E-3']);
  });

  it('a large push goes into the buffer piece by piece, until that is half full', async () => {
    await app.proxy.away('refused');
    await app.post('/events', event(1));
    await eventually(async () => (await metric('circuit_breaker_state')) === 2);
    const held = ndjson([...Array.from({ length: 1_100 }, (_, index) => ad(index)), { date: 'never' }]);
    const refused = await app.post('/ingest/ad-performance', held, lines);
    expect(refused).toMatchObject({ status: 429, body: { error: { code: 'BUFFER_FULL' }, accepted: 0 } });
    expect(await app.post('/events', event(2))).toMatchObject({ status: 202 });

    app = await app.restart({ maxRecords: 5_000, drainIntervalMs: 20, breakerOpenMs: 300 });
    await app.proxy.away('refused');
    await app.post('/events', event(3));
    await eventually(async () => (await metric('circuit_breaker_state')) === 2);
    const key = { 'idempotency-key': 'held', ...lines };
    const taken = await app.post('/ingest/ad-performance', held, key);
    expect(taken).toMatchObject({ status: 202, body: { accepted: 1_100, rejected: 1, stored: false } });
    expect((await app.post('/ingest/ad-performance', many, lines)).status).toBe(429);
    app = await app.restart();
    await eventually(async () => app.buffer.stats().records === 0);
    expect((await adsTotals(app.store)).rows).toBeGreaterThanOrEqual(1_100);
    const again = await app.post('/ingest/ad-performance', held, key);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
  });

  it('more than a small buffer holds at once is streamed into ClickHouse', async () => {
    app = await app.restart({ maxRecords: 100 });
    const events = Array.from({ length: 300 }, (_, index) => event(index));
    expect(await app.post('/ingest/events', events)).toMatchObject({ status: 200, body: { accepted: 300 } });
    await app.proxy.away('refused');
    expect((await app.post('/ingest/events', events.slice(0, 90))).status).toBe(202);
    expect((await app.post('/ingest/events', events.slice(0, 90))).status).toBe(429);
  });

  it('a full buffer answers 429 with Retry-After, takes none of the push, and takes more once it is drained', async () => {
    await app.proxy.away('refused');
    const thousand = Array.from({ length: 1_000 }, (_, index) => event(index));
    expect((await app.post('/ingest/events', thousand)).status).toBe(202);
    expect((await app.post('/ingest/events', thousand.slice(1))).status).toBe(202);
    expect((await app.post('/events', event(5_000))).status).toBe(202);
    for (const [path, body] of [
      ['/ingest/events', [event(6_000)]],
      ['/events', event(6_000)],
    ] as const) {
      const refused = await app.post(path, body);
      expect(refused).toMatchObject({ status: 429, body: { error: { code: 'BUFFER_FULL' } } });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    await app.proxy.back();
    await eventually(async () => (await app.post('/events', event(7_000))).status === 202);
    await eventually(async () => app.buffer.stats().records === 0);
    const ids = await eventIds(app.store);
    expect([ids.length, ids.includes('E-6000')]).toEqual([1_002, false]);
  });

  it('what waits in the buffer is stored by the next process', async () => {
    await app.proxy.away('refused');
    await app.post('/ingest/ad-performance', [ad(1), ad(2)]);
    app = await app.restart();
    await eventually(async () => (await adsTotals(app.store)).rows === 2);
    await app.push.stop();
    const runs = await app.runs.list('default', { limit: 10 });
    const stored = runs.reduce((sum, { recordsWritten }) => sum + recordsWritten, 0);
    expect(stored).toBe(2);
  });
});

it('a connection that breaks after ClickHouse has stored a batch changes no figure', async () => {
  let left = 3;
  app.proxy.cutWhen(({ table }) => table === 'events' && left-- > 0);
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => app.post('/ingest/events', [event(index)])),
  );
  expect(answers.every(({ status }) => status === 200 || status === 202)).toBe(true);
  await eventually(async () => app.buffer.stats().records === 0);
  expect(left).toBeLessThanOrEqual(0);
  await app.store.command(sql`OPTIMIZE TABLE events FINAL`, { changesAnswersOf: [] });
  expect(await eventIds(app.store)).toHaveLength(50);
});

it('a batch that is given up although it was stored goes again as it was, and newer records after it', async () => {
  await app.store.command(sql`SYSTEM STOP MERGES events`, { changesAnswersOf: [] });
  // More often than one INSERT is tried.
  let left = 6;
  app.proxy.cutWhen(({ table }) => table === 'events' && left-- > 0);
  const first = app.post('/ingest/events', [event(1), event(2)]);
  await eventually(async () => left < 6);
  expect((await app.post('/events', event(3))).status).toBe(202);
  expect((await first).status).toBe(202);
  await eventually(async () => app.buffer.stats().records === 0);
  const [{ rows } = { rows: 0 }] = await app.store.select(
    z.object({ rows: z.number() }),
    sql`SELECT count() AS rows FROM events`,
  );
  expect([left < 0, rows]).toEqual([true, 3]);
});

it('events and ads of a batch do not wait for a run that is writing opportunities', async () => {
  // So that they come into one batch, the opportunity first.
  await app.proxy.away('refused');
  await app.post('/ingest/opportunities', [deal(1)]);
  await app.post('/ingest/events', [event(1)]);
  await app.post('/ingest/ad-performance', [ad(1)]);
  let finish = (): void => undefined;
  const isWriting = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const run = app.opportunityLock.runExclusive(() => isWriting);
  try {
    await app.proxy.back();
    await eventually(async () => (await eventIds(app.store)).length === 1);
    await eventually(async () => (await adsTotals(app.store)).rows === 1);
    expect(app.buffer.stats().records).toBe(3);
  } finally {
    finish();
    await run;
  }
  await eventually(async () => app.buffer.stats().records === 0);
});

describe('what ClickHouse refuses for good', () => {
  it('is found among the others of its batch and kept as rejected, and the others are stored', async () => {
    await app.store.command(
      sql`ALTER TABLE events ADD CONSTRAINT no_bad CHECK NOT startsWith(message, 'bad')`,
      { changesAnswersOf: [] },
    );
    const records = Array.from({ length: 200 }, (_, index) =>
      event(index, {
        metadata: { index },
        ...(index % 77 === 33 ? { message: 'bad news', colour: 'red' } : {}),
      }),
    );
    const answer = await app.post('/ingest/events', records);
    expect(answer).toMatchObject({ status: 200, body: { accepted: 200 } });
    expect(await eventIds(app.store)).toHaveLength(197);
    const rejects = await rejectsOf(app.store);
    expect(rejects).toHaveLength(3);
    expect(rejects[0]).toMatchObject({ reason: 'refused_by_store', kind: 'event' });
    expect(JSON.parse(rejects[0]?.record ?? '')).toMatchObject({
      event_id: expect.stringMatching(/^E-(33|110|187)$/),
      timestamp: expect.stringMatching(/^2025-08-01T10:00/),
      message: 'bad news',
      colour: 'red',
    });
    await app.push.stop();
    const [run] = await app.runs.list('default', { limit: 1 });
    expect(run).toMatchObject({
      recordsRead: 200,
      recordsWritten: 197,
      recordsRejected: { refused_by_store: 3 },
    });
  });

  it('is not taken for bad data when everything is refused for another reason: it waits', async () => {
    await app.store.command(sql`RENAME TABLE events TO events_away`, { changesAnswersOf: [] });
    expect((await app.post('/ingest/events', [event(1), event(2), event(3)])).status).toBe(202);
    expect(await rejectsOf(app.store)).toEqual([]);
    await app.store.command(sql`RENAME TABLE events_away TO events`, { changesAnswersOf: [] });
    await eventually(async () => (await eventIds(app.store)).length === 3);
    expect(await rejectsOf(app.store)).toEqual([]);
  });
});
