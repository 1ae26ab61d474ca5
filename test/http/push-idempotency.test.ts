import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestPush, type TestPush } from '../support/push.ts';
import { ad, adsTotals, event, eventIds, eventually, ndjson, rejectsOf } from '../support/push-records.ts';

let app: TestPush;
beforeAll(async () => {
  app = await startTestPush({ drainIntervalMs: 20, breakerOpenMs: 300 });
});
afterAll(() => app.close());

const key = (name: string) => ({ 'idempotency-key': name });
const large = ndjson(Array.from({ length: 1_500 }, (_, index) => event(index, { event_id: undefined })));
const lines = { 'content-type': 'application/x-ndjson' };

describe('the same Idempotency-Key', () => {
  it('with the same body gives the same answer again, and does nothing', async () => {
    const body = [ad(1), ad(2, { date: 'never' })];
    const first = await app.post('/ingest/ad-performance', body, key('small'));
    const again = await app.post('/ingest/ad-performance', body, key('small'));
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect([again.status, again.body]).toEqual([first.status, first.body]);
    expect(await rejectsOf(app.store)).toHaveLength(1);
  });

  it('gives it also for a large body, which makes no second event', async () => {
    const before = (await eventIds(app.store)).length;
    const first = await app.post('/ingest/events', large, { ...lines, ...key('large') });
    const again = await app.post('/ingest/events', large, { ...lines, ...key('large') });
    expect(first).toMatchObject({ status: 200, body: { accepted: 1_500 } });
    expect([again.headers.get('idempotent-replayed'), again.body]).toEqual(['true', first.body]);
    expect(await eventIds(app.store)).toHaveLength(before + 1_500);
  });

  it('with another body, or for another kind, is 422', async () => {
    await app.post('/ingest/ad-performance', [ad(1)], key('other'));
    const before = await adsTotals(app.store);
    for (const [path, body] of [
      ['ad-performance', [ad(77)]],
      ['events', [ad(1)]],
    ] as const) {
      const answer = await app.post(`/ingest/${path}`, body, key('other'));
      expect(answer).toMatchObject({
        status: 422,
        body: { error: { code: 'IDEMPOTENCY_KEY_REUSED', message: expect.stringContaining('"other"') } },
      });
    }
    const tooLong = await app.post('/ingest/ad-performance', `${large}{}`, { ...lines, ...key('other') });
    expect(tooLong.status).toBe(422);
    expect(await adsTotals(app.store)).toEqual(before);
  });

  it('is 409 with Retry-After while the first is at work', async () => {
    const first = request(`${app.url}/ingest/events`, {
      method: 'POST',
      headers: { ...lines, ...key('slow') },
    });
    const answered = once(first, 'response');
    first.write(large);
    await eventually(async () => {
      const metric = await app.telemetry.registry.getSingleMetric('http_requests_in_flight')?.get();
      return metric?.values[0]?.value === 1;
    });
    const second = await app.post('/ingest/events', [event(1)], key('slow'));
    expect(second).toMatchObject({ status: 409, body: { error: { code: 'CONFLICT' } } });
    expect(second.headers.get('retry-after')).toBe('1');
    first.end();
    const [response] = await answered;
    response.resume();
    expect(response.statusCode).toBe(200);
  });

  it('is refused when it is empty or too long', async () => {
    expect((await app.post('/events', {}, key('x'.repeat(257)))).status).toBe(400);
  });

  it('gives POST /events the same id again', async () => {
    const first = await app.post('/events', { message: 'a' }, key('one event'));
    const again = await app.post('/events', { message: 'a' }, key('one event'));
    expect(again).toMatchObject({ status: 202, body: first.body });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(await app.post('/events', { message: 'b' }, key('one event'))).toMatchObject({ status: 422 });
    expect(await app.post('/ingest/events', { message: 'a' }, key('one event'))).toMatchObject({
      status: 422,
      body: { error: { code: 'IDEMPOTENCY_KEY_REUSED' } },
    });
  });

  it('is remembered after a restart', async () => {
    const body = [ad(9), ad(10)];
    const first = await app.post('/ingest/ad-performance', body, key('kept'));
    app = await app.restart();
    const again = await app.post('/ingest/ad-performance', body, key('kept'));
    expect([again.headers.get('idempotent-replayed'), again.body]).toEqual(['true', first.body]);
    expect((await app.post('/ingest/ad-performance', [ad(11)], key('kept'))).status).toBe(422);
  });

  it.each([
    ['dated', {}],
    ['dated by their arrival', { timestamp: undefined }],
  ])('makes no second event where nobody can remember the first: ids come from the key and the position; %s', async (name, rest) => {
    await app.proxy.away('refused');
    const body = [1, 2, 3].map((number) =>
      event(number, { event_id: undefined, service: 'derived', ...rest }),
    );
    const away = `away ${name}`;
    expect(await app.post('/ingest/events', body, key(away))).toMatchObject({
      status: 202,
      body: { accepted: 3 },
    });
    app = await app.restart();
    await app.proxy.away('refused');
    expect(await app.post('/ingest/events', body, key(away))).toMatchObject({
      status: 202,
      body: { accepted: 3 },
    });
    const before = (await eventIds(app.store)).length;
    await app.proxy.back();
    await eventually(async () => app.buffer.stats().records === 0);
    expect(await eventIds(app.store)).toHaveLength(before + 3);
  });
});
