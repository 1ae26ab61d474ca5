import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { anonymous, onlyChannels } from '../../src/access/caller.ts';
import { bind, sql } from '../../src/clickhouse/sql.ts';
import { answerKey } from '../../src/http/answer-key.ts';
import { adsFeed, startTestApp, type TestApp } from '../support/app.ts';

let now = Date.UTC(2025, 7, 10, 12, 3);
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ clock: { now: () => now } });
});
afterAll(() => app.close());

const ad = (clicks: number, date = '2025-08-09') => ({
  date,
  campaign_id: 'C-1',
  channel: 'google_ads',
  clicks,
  impressions: 100,
  cost: 1.5,
});
const total =
  '{ metrics(dateRange: { last: { count: 3, unit: DAY, includeToday: true } }) { totals { clicks } } }';

let lastStart = 0;
beforeEach(async () => {
  // Runs of one millisecond would have one version.
  now += 10;
  lastStart += 1;
  app.answer({ ads: adsFeed([ad(10 * lastStart)]) });
  await app.pull('sources: ["ads"]');
});

const get = (query: string, headers: Record<string, string> = {}, target = app) =>
  fetch(`${target.url}/graphql?${new URLSearchParams({ query })}`, { headers });
const post = (query: string, body: Record<string, unknown> = {}) =>
  fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, ...body }),
  });
const read = async (response: Response) => ({
  status: response.headers.get('cache-status'),
  body: (await response.json()) as { data: Record<string, unknown>; errors?: unknown },
});
const clicks = (count: number) => ({ data: { metrics: { totals: { clicks: count } } } });
const readsOf = async (id: string): Promise<number> => {
  await app.store.command(sql`SYSTEM FLUSH LOGS`, { changesAnswersOf: [] });
  const rows = await app.store.select(
    z.object({ n: z.number() }),
    sql`SELECT count() AS n FROM system.query_log WHERE type = 'QueryStart' AND log_comment LIKE ${bind('String', `${id}%`)}`,
  );
  return rows[0]?.n ?? 0;
};

describe('an answer is kept', () => {
  it('and given again, with GET and POST', async () => {
    expect(await read(await get(total))).toEqual({ status: 'utmql; fwd=miss', body: clicks(10 * lastStart) });
    expect(await read(await get(total))).toEqual({ status: 'utmql; hit', body: clicks(10 * lastStart) });
    expect(await read(await post(total))).toMatchObject({ body: clicks(10 * lastStart) });
  });

  it('until a run stores something: at once', async () => {
    await get(total);
    expect((await read(await get(total))).status).toBe('utmql; hit');
    now += 10;
    app.answer({ ads: adsFeed([ad(7)]) });
    await app.pull('sources: ["ads"]');
    expect(await read(await get(total))).toEqual({ status: 'utmql; fwd=miss', body: clicks(7) });
  });

  it('a batch of a push that goes on counts, too', async () => {
    const small = await startTestApp({
      clock: { now: () => now },
      environment: { INGEST_BATCH_MB: '1' },
    });
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* records() {
      for (let index = 0; index < 20_000; index++)
        yield `${JSON.stringify({ ...ad(1), campaign_id: `C-${index}`, utm_content: 'x'.repeat(100) })}\n`;
      await held;
    }
    try {
      const before = await read(await get(total, {}, small));
      expect(before.body).toEqual(clicks(0));
      const pushing = request(`${small.url}/ingest/ad-performance`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body: Readable.from(records(), { objectMode: false }),
      });
      let seen = before;
      for (let tries = 0; tries < 100 && JSON.stringify(seen.body) === JSON.stringify(before.body); tries++) {
        await sleep(50);
        seen = await read(await get(total, {}, small));
      }
      expect(seen.body).not.toEqual(before.body);
      release();
      expect((await pushing).statusCode).toBe(200);
      expect((await read(await get(total, {}, small))).body).toEqual(clicks(20_000));
    } finally {
      release();
      await small.close();
    }
  });

  it('no longer than RESPONSE_CACHE_TTL_MS', async () => {
    await get(total);
    now += 59_000;
    expect((await read(await get(total))).status).toBe('utmql; hit');
    now += 2_000;
    expect((await read(await get(total))).status).toBe('utmql; fwd=miss');
  });

  it('not beyond midnight: relative days move on', async () => {
    now = Date.UTC(2025, 7, 11, 23, 59, 59);
    expect((await read(await get(total))).body).toEqual(clicks(10 * lastStart));
    now += 1_500;
    expect(await read(await get(total))).toEqual({ status: 'utmql; fwd=miss', body: clicks(0) });
    now = Date.UTC(2025, 7, 10, 12, 30);
  });

  it('for the same document, operation, variables and media type only', async () => {
    const document = `query A($count: Int = 3) { metrics(dateRange: { last: { count: $count, unit: DAY, includeToday: true } }) { totals { clicks } } }
      query B { metrics(dateRange: { preset: TODAY }) { totals { clicks } } }`;
    const ask = async (body: Record<string, unknown>) => read(await post(document, body));
    expect((await ask({ operationName: 'A' })).body).toEqual(clicks(10 * lastStart));
    expect((await ask({ operationName: 'B' })).body).toEqual(clicks(0));
    expect((await ask({ operationName: 'A', variables: { count: 1 } })).body).toEqual(clicks(0));
    expect((await ask({ operationName: 'A' })).status).toBe('utmql; hit');
    await get(total, { accept: 'application/json' });
    const other = await get(total, { accept: 'application/graphql-response+json' });
    expect([other.headers.get('cache-status'), other.headers.get('content-type')]).toEqual([
      'utmql; fwd=miss',
      'application/graphql-response+json; charset=utf-8',
    ]);
  });

  it('not when it has errors, is a mutation, or shows runs', async () => {
    const wrong = '{ metrics(dateRange: { preset: TODAY }, first: 0) { totals { clicks } } }';
    for (const query of [
      wrong,
      '{ ingestRuns { id } }',
      'query { ...R } fragment R on Query { ingestRuns { status } }',
    ]) {
      await get(query);
      const again = await get(query);
      expect([
        again.headers.get('cache-status'),
        again.headers.get('cache-control'),
        again.headers.get('etag'),
      ]).toEqual(['utmql; fwd=miss', 'no-store', null]);
    }
    const before = app.sourceRequests.length;
    for (let call = 0; call < 2; call++)
      await post('mutation { triggerIngest(input: { wait: true }) { runs { id } } }');
    expect(app.sourceRequests.length).toBe(before + 4);
  });

  it('not at all with RESPONSE_CACHE_TTL_MS=0', async () => {
    const off = await startTestApp({ environment: { RESPONSE_CACHE_TTL_MS: '0' } });
    try {
      await get(total, {}, off);
      expect((await get(total, {}, off)).headers.get('cache-status')).toBe('utmql; fwd=miss');
    } finally {
      await off.close();
    }
  });
});

describe('the key of an answer', () => {
  const options = {
    question: { query: '{ a }', operationName: 'A', variables: { a: 1 } },
    caller: { ...anonymous, workspace: 'a', requestId: '1' },
    modelDigest: undefined,
    dataVersion: 1,
    now: Date.UTC(2025, 7, 10, 12),
    accept: '*/*',
  };
  it.each([
    ['workspace', { caller: { ...options.caller, workspace: 'b' } }],
    ['role', { caller: { ...options.caller, role: 'viewer' as const } }],
    ['sight of all workspaces', { caller: { ...options.caller, workspaces: ['a'] } }],
    ['row policy', { caller: { ...options.caller, policy: onlyChannels(['a']) } }],
    ['model', { modelDigest: 'another' }],
    ['data', { dataVersion: 2 }],
    ['quarter of an hour', { now: Date.UTC(2025, 7, 10, 12, 15) }],
    ['media type', { accept: 'application/json' }],
    ['document', { question: { ...options.question, query: '{ b }' } }],
    ['operation', { question: { ...options.question, operationName: 'B' } }],
    ['variables', { question: { ...options.question, variables: { a: 2 } } }],
  ])('differs by %s', (_, other) => {
    expect(answerKey({ ...options, ...other })).not.toBe(answerKey(options));
  });

  it('is the same for the next request, and for others who may see the same', () => {
    const caller = { ...options.caller, requestId: '2', name: 'bob', id: 'key:b' };
    expect(answerKey({ ...options, caller, now: options.now + 60_000 })).toBe(answerKey(options));
  });
});

describe('HTTP caching', () => {
  it('a GET has a strong validator and is asked about each time; an unchanged answer is a 304', async () => {
    const first = await get(total);
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{27}"$/);
    expect(first.headers.get('cache-control')).toBe('private, max-age=0, must-revalidate');
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await get(total, { 'if-none-match': tag });
      expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag]);
    }
    expect((await get(total, { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('new data with the same figures keeps its validator; with other figures it changes', async () => {
    const etag = async () => (await get(total)).headers.get('etag');
    const before = await etag();
    now += 10;
    await app.pull('sources: ["ads"]');
    expect(await etag()).toBe(before);
    now += 10;
    app.answer({ ads: adsFeed([ad(3)]) });
    await app.pull('sources: ["ads"]');
    expect(await etag()).not.toBe(before);
  });

  it('a POST has none', async () => {
    const response = await post(total);
    expect([response.headers.get('etag'), response.headers.get('cache-control')]).toEqual([null, null]);
  });
});

describe('equal queries at the same time', () => {
  it('run once', async () => {
    const id = `flight-${Date.now()}`;
    const query = `${total} # ${id}`;
    const responses = await Promise.all(
      Array.from({ length: 12 }, (_, index) => get(query, { 'x-request-id': `${id}-${index}` })),
    );
    const answers = await Promise.all(responses.map(read));
    for (const { body } of answers) expect(body).toEqual(clicks(10 * lastStart));
    expect(answers.filter(({ status }) => status === 'utmql; fwd=miss')).toHaveLength(1);
    expect(await readsOf(id)).toBe(1);
    expect(new Set(responses.map((response) => response.headers.get('x-request-id'))).size).toBe(12);
  });

  it('mutations do not', async () => {
    const mutation =
      'mutation { ingestEvents(input: { records: [{ service: "shop", timestamp: "never" }] }) { rejected } }';
    await Promise.all([post(mutation), post(mutation)]);
    const rejected = await app.query('{ rejectedRecords(where: { kind: EVENT }) { totalCount } }');
    expect(rejected.data).toEqual({ rejectedRecords: { totalCount: 2 } });
  });
});
