import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sql } from '../../src/clickhouse/sql.ts';
import { sendWithoutEnd } from '../support/endless-body.ts';
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

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** The body in pieces of odd sizes, so that characters and records are split between them. */
async function* inPieces(body: Buffer): AsyncGenerator<Buffer> {
  for (let from = 0, size = 1; from < body.length; from += size, size = (size * 7) % 65_521) {
    yield body.subarray(from, from + size);
  }
}

describe('a large push', () => {
  it('stores exactly the good ones of 20,000 records with 1 % poison, and keeps each bad one', async () => {
    const poisons = [
      (number: number) => JSON.stringify(ad(number, { date: '2200-01-01' })),
      (number: number) => JSON.stringify(ad(number)).replace(`"C-${number}"`, '1234567890123456789'),
      (number: number) => JSON.stringify(ad(number, { clicks: 'many' })),
      (number: number) => JSON.stringify(ad(number)).slice(0, 60),
    ];
    let clicks = 0;
    const expected: number[] = [];
    const lines = numbers(20_000).map((number) => {
      if (number % 100 === 50) {
        expected.push(number + 1);
        return poisons[Math.floor(number / 100) % poisons.length]?.(number) ?? '';
      }
      clicks += number;
      if (number % 100 === 1) return JSON.stringify(ad(number, { cost: 0.123456, made_up: '🙂' }));
      if (number % 100 === 2) return JSON.stringify(ad(number, { utm_campaign: 'été 🛍️ 🙂' }));
      return JSON.stringify(ad(number));
    });
    // A line of 10 MB: read past, and kept in part.
    lines.push(JSON.stringify(ad(20_000, { utm_term: 'x'.repeat(10_000_000) })));
    expected.push(20_001);
    const body = Readable.from(inPieces(Buffer.from(`${lines.join('\n')}\n`)));
    const response = await fetch(`${app.url}/ingest/ad-performance`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: Readable.toWeb(body) as BodyInit,
      duplex: 'half',
    } as RequestInit);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      accepted: 19_800,
      rejected: 201,
      stored: true,
      unknown_fields: { made_up: 200 },
    });
    expect(await adsTotals(app.store)).toMatchObject({ rows: 19_800, clicks });
    const [emoji] = await app.store.select(
      z.object({ count: z.number(), cost: z.number() }),
      sql`SELECT countIf(utm_campaign = 'été 🛍️ 🙂') AS count, sumIf(cost, extra = '{"made_up":"🙂"}') AS cost FROM ad_performance FINAL`,
    );
    expect(emoji).toEqual({ count: 200, cost: 24.6912 });
    const rejects = await rejectsOf(app.store);
    expect(rejects.map(({ line }) => line).sort((a, b) => a - b)).toEqual(expected);
    expect(new Set(rejects.map(({ reason }) => reason))).toEqual(
      new Set(['date_out_of_range', 'unsafe_identifier', 'invalid_number', 'malformed', 'record_too_large']),
    );
    const wrongDate = rejects.find(({ reason }) => reason === 'date_out_of_range');
    expect(wrongDate?.record).toBe(lines[(wrongDate?.line ?? 0) - 1]);
  });

  it.each([
    ['ad-performance', ad],
    ['opportunities', deal],
    ['events', event],
  ])('of %s changes no figure when it comes again', async (path, make) => {
    const body = ndjson(numbers(3_000).map((number) => make(number)));
    const headers = { 'content-type': 'application/x-ndjson' };
    const counts = async (): Promise<unknown> =>
      app.store.select(
        z.object({
          ads: z.number(),
          deals: z.number(),
          events: z.number(),
          cost: z.number(),
          amount: z.number(),
        }),
        sql`SELECT (SELECT count() FROM ad_performance FINAL) AS ads, (SELECT count() FROM opportunities FINAL) AS deals,
                (SELECT count() FROM events FINAL) AS events, (SELECT sum(cost) FROM ad_performance FINAL) AS cost,
                (SELECT sum(amount) FROM opportunities FINAL) AS amount`,
      );
    expect(await app.post(`/ingest/${path}`, body, headers)).toMatchObject({
      status: 200,
      body: { accepted: 3_000 },
    });
    const before = await counts();
    expect(await app.post(`/ingest/${path}`, body, headers)).toMatchObject({
      status: 200,
      body: { accepted: 3_000 },
    });
    expect(await counts()).toEqual(before);
  });

  it('is one run, whose counts add up', async () => {
    const body = ndjson([
      ...numbers(2_000).map((number) => ad(number)),
      ad(1),
      ad(2, { clicks: 5 }),
      { date: 7 },
    ]);
    const { body: answer } = await app.post('/ingest/ad-performance', body, {
      'content-type': 'application/x-ndjson',
    });
    expect(answer).toMatchObject({
      accepted: 2_002,
      rejected: 1,
      duplicates: { identical: 1, conflicting: 1 },
    });
    const run = await eventually(() => app.runs.find('default', String(answer.run_id)));
    const skipped = Object.values(run.recordsSkipped).reduce((sum, count) => sum + count, 0);
    const rejected = Object.values(run.recordsRejected).reduce((sum, count) => sum + count, 0);
    expect(run).toMatchObject({ source: 'push', status: 'succeeded', requestedBy: 'anonymous' });
    expect(run.recordsRead).toBe(run.recordsWritten + skipped + rejected);
    expect(await app.runs.freshness('default')).toBeGreaterThanOrEqual(run.finishedAt ?? Number.NaN);
  });

  it('is attributed when it is answered', async () => {
    await app.post('/ingest/ad-performance', [ad(1, { date: '2025-08-01' })]);
    const body = ndjson(numbers(1_500).map((number) => deal(number)));
    await app.post('/ingest/opportunities', body, { 'content-type': 'application/x-ndjson' });
    const rows = await app.store.select(
      z.object({ match: z.string(), count: z.number() }),
      sql`SELECT match, count() AS count FROM opportunities FINAL GROUP BY match`,
    );
    expect(rows).toEqual([{ match: 'EXACT', count: 1_500 }]);
  });
});

/** Begins a push over a bare connection, sends `body` of a longer one, and hangs up. */
async function pushAndLeave(body: string): Promise<void> {
  const { hostname, port } = new URL(app.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(
    `POST /ingest/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nContent-Length: ${body.length + 1_000}\r\n\r\n`,
  );
  await new Promise((resolve) => socket.write(body, resolve));
  socket.destroy();
}

describe('a caller who leaves in the middle', () => {
  it.each([
    ['a small push', 10],
    ['a large push', 20_000],
  ])('of %s leaves what was whole before stored and counted, and the server well', async (_name, count) => {
    const whole = ndjson(numbers(count).map((number) => event(number)));
    await pushAndLeave(`${whole}{"event_id":"half`);
    const ids = await eventually(async () => {
      const stored = await eventIds(app.store);
      return stored.length >= count && stored;
    });
    expect(ids).toHaveLength(count);
    expect((await app.post('/ingest/events', [event(0)])).status).toBe(200);
  });
});

/** Sends lines for ever, as fast as they are taken, and gives the answer. */
async function pushForEver(
  path: string,
  rest: Record<string, unknown> = {},
): Promise<{ response: Response; sent: number }> {
  let sent = 0;
  const response = await sendWithoutEnd(
    `${app.url}${path}`,
    { 'content-type': 'application/x-ndjson' },
    () => {
      const block = ndjson(numbers(1_000).map((number) => ad(sent + number, rest)));
      sent += 1_000;
      return Buffer.from(block);
    },
  );
  return { response, sent };
}

describe('a push without an end', () => {
  it('is 503 with what was stored when ClickHouse fails in the middle, and its sender sees that', async () => {
    const pushing = pushForEver('/ingest/ad-performance');
    // More than one batch, so that the first has been acknowledged.
    await eventually(async () => (await adsTotals(app.store)).rows > 150_000);
    await app.proxy.away('refused');
    const { response } = await pushing;
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    const answer = (await response.json()) as { accepted: number };
    expect(answer).toMatchObject({ error: { code: 'STORE_UNAVAILABLE' } });
    await app.proxy.back();
    expect(answer.accepted).toBeGreaterThan(0);
    expect((await adsTotals(app.store)).rows).toBeGreaterThanOrEqual(answer.accepted);
  });

  it('is 415 at once where its type is not taken', async () => {
    const response = await sendWithoutEnd(`${app.url}/ingest/events`, { 'content-type': 'text/plain' }, () =>
      Buffer.alloc(65_536, 'x'),
    );
    expect(response.status).toBe(415);
  });

  it('ends with what it has stored when the server stops', async () => {
    // A program whose circuit is closed. And records that can be told from those of a push before, which ClickHouse may
    // still be storing after their sender was cut off.
    app = await app.restart();
    const ownRows = async (): Promise<number> => {
      const counted = z.object({ n: z.number() });
      const [row] = await app.store.select(
        counted,
        sql`SELECT count() AS n FROM ad_performance WHERE utm_campaign = 'until_the_stop'`,
      );
      return row?.n ?? 0;
    };
    const pushing = pushForEver('/ingest/ad-performance', { utm_campaign: 'until_the_stop' });
    await eventually(async () => (await ownRows()) > 0);
    // A sender that is cut off in the middle of a write may not get to read the answer.
    const [heard] = await Promise.all([pushing.catch(() => undefined), app.push.stop()]);
    if (heard !== undefined) {
      expect(heard.response.status).toBe(503);
      const answer = (await heard.response.json()) as { accepted: number };
      expect(answer).toMatchObject({ error: { code: 'STORE_UNAVAILABLE' } });
      // The push was at work, so its answer counts. What was on its way when the time was up may be stored, too.
      expect(answer.accepted).toBeGreaterThanOrEqual(0);
      expect(await ownRows()).toBeGreaterThanOrEqual(answer.accepted);
    }
    // One that comes later is told that nothing of it was taken: no counts at all.
    const later = await app.post('/ingest/events', [event(1)]);
    expect([later.status, later.body]).toEqual([
      503,
      { error: { code: 'STORE_UNAVAILABLE', message: expect.stringContaining('shutting down') } },
    ]);
    app = await app.restart();
  });
});
