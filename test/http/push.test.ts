import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sql } from '../../src/clickhouse/sql.ts';
import { startTestPush, type TestPush } from '../support/push.ts';
import {
  ad,
  adsTotals,
  deal,
  emptyTables,
  event,
  eventIds,
  eventually,
  ndjson,
  rejectsOf,
} from '../support/push-records.ts';

let app: TestPush;
beforeAll(async () => {
  app = await startTestPush();
});
afterEach(() => emptyTables(app.store));
afterAll(() => app.close());

const csvOf = (records: readonly Record<string, unknown>[]): string => {
  const names = Object.keys(records[0] ?? {});
  return [
    names.join(','),
    ...records.map((record) => names.map((name) => String(record[name])).join(',')),
  ].join('\n');
};

const records = [ad(1), ad(2), ad(3)];
const formats: Record<string, { type: string; body: string; count: number }> = {
  'a JSON array': { type: 'application/json', body: JSON.stringify(records), count: 3 },
  'the envelope': {
    type: 'application/json',
    body: JSON.stringify({ external: { ads: { performance: records } } }),
    count: 3,
  },
  'a single object': { type: 'application/json; charset=utf-8', body: JSON.stringify(ad(3)), count: 1 },
  NDJSON: { type: 'application/x-ndjson', body: ndjson(records), count: 3 },
  CSV: { type: 'text/csv', body: csvOf(records), count: 3 },
  'octets, told by their first byte': { type: 'application/octet-stream', body: ndjson(records), count: 3 },
};
const encodings: Record<string, (text: string) => Uint8Array> = {
  none: (text) => Buffer.from(text),
  gzip: (text) => gzipSync(text),
  deflate: (text) => deflateSync(text),
  br: (text) => brotliCompressSync(text),
};

it.each([
  'constructor',
  'toString',
  '__proto__',
  'zstd',
  'gzip, gzip',
])('Content-Encoding: %s is none that is known', async (name) => {
  const answer = await app.post('/ingest/ad-performance', '[]', { 'content-encoding': name });
  expect(answer.status).toBe(415);
});

describe.each(Object.entries(formats))('%s', (_name, { type, body, count }) => {
  it.each(
    Object.entries(encodings),
  )('is read, compressed by %s, and stored when it is answered', async (name, encode) => {
    const answer = await app.post('/ingest/ad-performance', encode(body), {
      'content-type': type,
      ...(name === 'none' ? {} : { 'content-encoding': name }),
    });
    expect(answer).toMatchObject({ status: 200, body: { accepted: count, rejected: 0, stored: true } });
    const clicks = count === 1 ? 3 : 6;
    expect(await adsTotals(app.store)).toEqual({ rows: count, clicks, cost: clicks / 4 });
  });
});

describe('the answer', () => {
  it('counts what was accepted, repaired and rejected, and lists the first rejects', async () => {
    const body = [
      ad(1, { channel: ' Google  Ads ', made_up: 1 }),
      ad(2, { date: 'yesterday' }),
      'no object',
      ad(3),
      ad(3),
      ad(3, { clicks: 99 }),
      ad(4, { made_up: 2, other: true }),
    ];
    const answer = await app.post('/ingest/ad-performance', body);
    expect(answer.status).toBe(200);
    const unknowns = 5 * 2;
    expect(answer.body).toEqual({
      run_id: expect.any(String),
      accepted: 5,
      rejected: 2,
      left_out: 0,
      repaired: 1 + 2 + unknowns,
      duplicates: { identical: 1, conflicting: 1, summed: 0 },
      stored: true,
      repairs_by_kind: { normalised_text: 1, unknown_field: 2, missing_to_unknown: unknowns },
      unknown_fields: { made_up: 2, other: 1 },
      rejects: [
        {
          id: expect.stringMatching(/^[0-9a-f-]{36}:\d+$/),
          position: 2,
          reason: 'invalid_date',
          field: 'date',
          detail: expect.stringContaining('"yesterday"'),
        },
        {
          id: expect.any(String),
          position: 3,
          reason: 'not_an_object',
          field: '',
          detail: expect.any(String),
        },
      ],
    });
    expect(await adsTotals(app.store)).toMatchObject({ rows: 3, clicks: 1 + 99 + 4 });
    expect(await rejectsOf(app.store)).toMatchObject([
      { line: 2, reason: 'invalid_date', record: JSON.stringify(body[1]), kind: 'ad_performance' },
      { line: 3, reason: 'not_an_object', record: 'no object' },
    ]);
  });

  it('is 422, and otherwise the same, when no record could be taken', async () => {
    const answer = await app.post('/ingest/opportunities', [{ stage: 'lead' }, 7]);
    expect(answer).toMatchObject({
      status: 422,
      body: { accepted: 0, rejected: 2, rejects: [{ reason: 'missing_field' }, { reason: 'not_an_object' }] },
    });
    expect(await rejectsOf(app.store)).toHaveLength(2);
  });

  it.each([
    ['an empty array', '[]'],
    ['an empty body', ''],
  ])('is 200 for %s', async (_name, body) => {
    expect(await app.post('/ingest/events', body)).toMatchObject({ status: 200, body: { accepted: 0 } });
  });

  it('is 400 for what is none of the formats, and shows how it begins', async () => {
    const answer = await app.post('/ingest/events', '<html>oops</html>');
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { code: 'UNREADABLE_BODY', message: expect.stringContaining('<html>oops') } },
    });
  });

  it('is 400 with the counts for half a body, and what was whole is stored', async () => {
    const whole = JSON.stringify([ad(1), ad(2), ad(3)]);
    const answer = await app.post('/ingest/ad-performance', whole.slice(0, whole.lastIndexOf('"date"')));
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { code: 'UNREADABLE_BODY' }, accepted: 2, stored: true },
    });
    expect(await adsTotals(app.store)).toMatchObject({ rows: 2 });
  });

  it('is 400 for a body that is not compressed as it says', async () => {
    const gzipped = { 'content-encoding': 'gzip' };
    expect(await app.post('/ingest/events', 'no gzip', gzipped)).toMatchObject({
      status: 400,
      body: { error: { code: 'UNREADABLE_BODY', message: expect.stringContaining('gzip') } },
    });
    const cut = gzipSync(ndjson(Array.from({ length: 100 }, (_, index) => event(index)))).subarray(0, -20);
    const answer = await app.post('/ingest/events', cut, gzipped);
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('middle') } },
    });
  });

  it.each([
    ['a form', 'application/x-www-form-urlencoded', {}],
    ['plain text, which any web page may send', 'text/plain', {}],
    ['XML', 'application/xml', {}],
    ['an unknown encoding', 'application/json', { 'content-encoding': 'zstd' }],
  ])('is 415 for %s', async (_name, type, headers) => {
    const answer = await app.post('/ingest/events', '[]', { 'content-type': type, ...headers });
    expect(answer).toMatchObject({ status: 415, body: { error: { code: 'UNSUPPORTED_MEDIA_TYPE' } } });
  });
});

it('half characters in values, names and messages hold nothing up', async () => {
  const cut = `{"timestamp":"${'x'.repeat(75)}🙂🙂🙂"}`;
  const answer = await app.post(
    '/ingest/events',
    `["\\ud800", ${cut}, {"event_id":"E","message":"\\ud83d \\u0000","\\udfff":"\\udfff"}]`,
    { 'idempotency-key': 'half' },
  );
  expect(answer).toMatchObject({ status: 200, body: { accepted: 1, rejected: 2, stored: true } });
  expect((await rejectsOf(app.store)).map(({ record }) => record)).toEqual(['\uFFFD', cut]);
  const [stored] = await app.store.select(
    z.object({ message: z.string(), extra: z.string() }),
    sql`SELECT message, extra FROM events FINAL`,
  );
  expect(stored).toEqual({ message: '\uFFFD \0', extra: '{"\\udfff":"\\udfff"}' });
});

it('a push of opportunities is attributed when it is answered', async () => {
  await app.post('/ingest/ad-performance', [ad(1, { date: '2025-08-01', campaign_id: 'C-7' })]);
  await app.post('/ingest/opportunities', [deal(1)]);
  const [row] = await app.store.select(
    z.object({ channel: z.string(), campaign_id: z.string(), match: z.string() }),
    sql`SELECT channel, campaign_id, match FROM opportunities FINAL`,
  );
  expect(row).toEqual({ channel: 'google_ads', campaign_id: 'C-7', match: 'EXACT' });
});

it('ads that are pushed later attribute the opportunities that wait for them', async () => {
  await app.post('/ingest/opportunities', [deal(1)]);
  await app.post('/ingest/ad-performance', [ad(1, { date: '2025-07-30' })]);
  const rows = await app.store.select(
    z.object({ match: z.string() }),
    sql`SELECT match FROM opportunities FINAL`,
  );
  expect(rows).toEqual([{ match: 'WINDOW' }]);
});

it('a stream of small pushes becomes few INSERTs', async () => {
  const before = app.proxy.inserts;
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) => app.post('/ingest/events', [event(index)])),
  );
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  expect(app.proxy.inserts - before).toBeLessThan(20);
  expect(await eventIds(app.store)).toHaveLength(100);
});

it('the older state of a record that says when it changed does not replace the newer one', async () => {
  await app.post('/ingest/opportunities', [
    deal(1, { stage: 'closed_won', updated_at: '2025-08-05T00:00:00Z' }),
  ]);
  await app.post('/ingest/opportunities', [deal(1, { stage: 'lead', updated_at: '2025-08-04T00:00:00Z' })]);
  const rows = await app.store.select(
    z.object({ stage: z.string() }),
    sql`SELECT stage FROM opportunities FINAL`,
  );
  expect(rows).toEqual([{ stage: 'closed_won' }]);
});

describe('POST /events', () => {
  it('answers 202 with the id as soon as the event is durable, and it is stored within the interval', async () => {
    const answer = await app.post('/events', { message: 'hello', metadata: { a: 1 } });
    expect(answer).toMatchObject({
      status: 202,
      body: { event_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/), queued_at: expect.any(String) },
    });
    const stored = await eventually(async () => {
      const ids = await eventIds(app.store);
      return ids.length > 0 && ids;
    });
    expect(stored).toEqual([answer.body.event_id]);
  });

  it('answers 400 with reason and field for a bad one, which is kept', async () => {
    const answer = await app.post('/events', event(1, { timestamp: '2200-01-01T00:00:00Z' }));
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { code: 'BAD_USER_INPUT', reason: 'date_out_of_range', field: 'timestamp' } },
    });
    expect(await app.post('/events', '{"message":')).toMatchObject({
      status: 400,
      body: { error: { reason: 'malformed' } },
    });
    const kept = await eventually(async () => {
      const rejects = await rejectsOf(app.store);
      return rejects.length === 2 && rejects;
    });
    expect(kept).toMatchObject([
      { reason: 'date_out_of_range', kind: 'event' },
      { reason: 'malformed', record: '{"message":' },
    ]);
  });

  it('answers 413 above 64 KB, told by content-length or not', async () => {
    const body = JSON.stringify({ message: 'x'.repeat(70_000) });
    expect(await app.post('/events', body)).toMatchObject({
      status: 413,
      body: { error: { code: 'TOO_LARGE' } },
    });
    expect(await app.post('/events', gzipSync(body), { 'content-encoding': 'gzip' })).toMatchObject({
      status: 413,
    });
  });

  it('answers 400 for an empty body and 415 for CSV', async () => {
    expect((await app.post('/events', '')).status).toBe(400);
    expect((await app.post('/events', 'message\nhi', { 'content-type': 'text/csv' })).status).toBe(415);
  });
});

it('an event without a timestamp that is sent again with its id is one event, singly and in bulk', async () => {
  const once = { event_id: 'E-once', service: 'shop', message: 'paid' };
  for (let time = 0; time < 2; time++) {
    expect((await app.post('/events', JSON.stringify(once))).status).toBe(202);
    expect((await app.post('/ingest/events', JSON.stringify([once, once]))).status).toBe(200);
  }
  await eventually(async () => expect(await eventIds(app.store)).toEqual(['E-once']));
});
