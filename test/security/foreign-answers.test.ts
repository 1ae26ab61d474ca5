import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { createStore } from '../../src/clickhouse/create-store.ts';
import { requireWritten } from '../../src/clickhouse/own-answer.ts';
import { sql } from '../../src/clickhouse/sql.ts';
import type { Store } from '../../src/clickhouse/store.ts';
import { adsFeed, startTestApp, type TestApp } from '../support/app.ts';
import { openMigratedStore, testLimits } from '../support/database.ts';
import { type Foreign, type StoreProxy, startStoreProxy } from '../support/proxy.ts';
import { startTestPush, type TestPush } from '../support/push.ts';
import { ad, adsTotals, event, eventIds, eventually, ndjson } from '../support/push-records.ts';

const page = '<html><body><h1>Welcome to nginx!</h1></body></html>';
const html = { 'content-type': 'text/html' };
/** What stands before ClickHouse answers so while it has no ClickHouse to ask. */
const foreign: readonly (readonly [string, Foreign])[] = [
  ['200 with a page', { status: 200, headers: html, body: page }],
  ['200 with nothing', { status: 200 }],
  ['200 with JSON', { status: 200, headers: { 'content-type': 'application/json' }, body: '{"ok":true}' }],
  [
    '200 of another query',
    {
      status: 200,
      headers: { 'x-clickhouse-query-id': 'another', 'x-clickhouse-summary': '{"written_rows":"9999"}' },
      body: '{"meta":[],"data":[],"rows":0,"statistics":{"elapsed":0,"rows_read":0,"bytes_read":0}}',
    },
  ],
  ['204', { status: 204 }],
  ['302', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }],
  ['404 with a page', { status: 404, headers: html, body: page }],
  ['502 with nothing', { status: 502 }],
  ['503 with a page', { status: 503, headers: html, body: page }],
  ['garbage', { bytes: '\u0000\u0001 no HTTP\r\n\r\n' }],
];

describe.each(foreign)('what answers in place of ClickHouse: %s', (_name, answer) => {
  let direct: Awaited<ReturnType<typeof openMigratedStore>>;
  let proxy: StoreProxy;
  let store: Store;
  beforeAll(async () => {
    direct = await openMigratedStore();
    const login = inject('clickhouse');
    proxy = await startStoreProxy(login.url);
    store = createStore({
      ...login,
      url: proxy.url,
      database: direct.database,
      maxConcurrency: 2,
      limits: testLimits,
    });
    proxy.replace(answer);
  });
  afterAll(async () => {
    await store.close();
    await proxy.close();
    await direct.drop();
  });
  const unavailable = { code: 'STORE_UNAVAILABLE', retryable: true, retryAfterSeconds: 5 };

  it('is no answer to a read, a command, an insert or a ping', async () => {
    const row = Buffer.from('{"workspace":"default"}\n');
    await Promise.all([
      expect(store.read(sql`SELECT 1`)).rejects.toMatchObject(unavailable),
      expect(store.command(sql`TRUNCATE TABLE events`, { changesAnswersOf: [] })).rejects.toMatchObject(
        unavailable,
      ),
      expect(
        store.insert('events', { workspace: 'String' }, 'JSONEachRow', [row], { changesAnswersOf: [] }),
      ).rejects.toMatchObject(unavailable),
      expect(store.ping()).rejects.toMatchObject(unavailable),
    ]);
  });
});

describe('while a load balancer answers 200 with a page', () => {
  let app: TestPush;
  beforeEach(async () => {
    app = await startTestPush({ drainIntervalMs: 20, breakerOpenMs: 300 });
    app.proxy.replace({ status: 200, headers: html, body: page });
  });
  afterEach(() => app.close());

  it('no push is answered as stored, and all that was accepted is stored afterwards', async () => {
    const large = ndjson(Array.from({ length: 3_000 }, (_, index) => ad(10 + index)));
    const lines = { 'content-type': 'application/x-ndjson' };
    const answer = await app.post('/ingest/ad-performance', large, lines);
    expect(answer).toMatchObject({ status: 503, body: { error: { code: 'STORE_UNAVAILABLE' } } });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    const small = await app.post('/ingest/ad-performance', [ad(1), ad(2)]);
    expect(small).toMatchObject({ status: 202, body: { accepted: 2, stored: false } });
    expect((await app.post('/events', event(1))).status).toBe(202);
    expect(await adsTotals(app.store)).toMatchObject({ rows: 0 });
    app.proxy.replace(undefined);
    await eventually(async () => app.buffer.stats().records === 0);
    expect(await adsTotals(app.store)).toMatchObject({ rows: 2, clicks: 3 });
    expect(await eventIds(app.store)).toEqual(['E-1']);
  });
});

describe('a program behind a load balancer', () => {
  let proxy: StoreProxy;
  let app: TestApp;
  beforeAll(async () => {
    proxy = await startStoreProxy(inject('clickhouse').url);
    app = await startTestApp({ environment: { CLICKHOUSE_URL: proxy.url } });
  });
  afterAll(async () => {
    proxy.replace(undefined);
    await app.close();
    await proxy.close();
  });
  const question = JSON.stringify({
    query:
      '{ metrics(dateRange: { between: { from: "2025-08-01", to: "2025-08-01" } }) { totals { clicks } } }',
  });
  const ask = (): Promise<Response> =>
    fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: question,
    });

  it('says when to ask again, is not ready, and answers once ClickHouse does', async () => {
    app.answer({ ads: adsFeed([ad(20, { date: '2025-08-01' })]) });
    proxy.replace({ status: 503, headers: html, body: page });
    const refused = await ask();
    const body = await refused.json();
    expect(body).toMatchObject({
      errors: [{ extensions: { code: 'STORE_UNAVAILABLE', retryAfterSeconds: 5 } }],
    });
    expect(JSON.stringify(body)).not.toContain('nginx');
    expect(refused.headers.get('retry-after')).toBe('5');
    await eventually(async () => (await fetch(`${app.url}/readyz`)).status === 503);

    proxy.replace(undefined);
    expect(await app.pull('sources: ["ads"]')).toMatchObject([{ status: 'SUCCEEDED' }]);
    const answered = await ask();
    expect(answered.headers.get('retry-after')).toBeNull();
    expect(await answered.json()).toEqual({ data: { metrics: { totals: { clicks: 20 } } } });
    await eventually(async () => (await fetch(`${app.url}/readyz`)).status === 200);
  });
});

it('fewer written rows than were sent are not stored', () => {
  expect(() => requireWritten({ written_rows: '2' }, 3)).toThrow(/cannot be reached/);
  expect(() => requireWritten({}, 0)).toThrow(/cannot be reached/);
  expect(() => requireWritten(undefined, 1)).toThrow(/cannot be reached/);
  // A materialized view's rows are counted, too.
  for (const written of ['3', '6']) requireWritten({ written_rows: written }, 3);
});
