import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { adsFeed, startTestApp, type TestApp } from '../support/app.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';

let keys: TestKeys;
let a: Record<string, string>;
let b: Record<string, string>;
let fourth: Record<string, string>;
beforeAll(async () => {
  keys = await makeKeys();
  const admin = { role: 'admin', 'all-workspaces': true } as const;
  [a, b, fourth] = [await keys.create(admin), await keys.create(admin), await keys.create(admin)];
});
afterAll(() => keys.close());
afterEach(() => void vi.useRealTimers());

const start = (environment: Record<string, string>): Promise<TestApp> =>
  startTestApp({ environment: { API_KEYS_FILE: keys.file, ...environment } });

/** The clock jumps, and nothing else about time changes. */
function jump(seconds: number): void {
  const now = Date.now();
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(now + seconds * 1_000);
}

const tile = 'metrics(dateRange: { preset: YESTERDAY }, first: 10) { nodes { cost } }';
const ask = (app: TestApp, headers: Record<string, string>, query = '{ __typename }') =>
  fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
const event = (app: TestApp, headers: Record<string, string>) =>
  fetch(`${app.url}/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ service: 'shop', message: 'paid' }),
  });
const statuses = async (responses: Promise<Response>[]): Promise<number[]> =>
  (await Promise.all(responses)).map(({ status }) => status);

describe('requests a minute', () => {
  it('exactly as many as allowed, then 429 until the minute is over; other callers and pushes are not touched', async () => {
    const app = await start({ RATE_LIMIT_PER_MINUTE: '3', PUSH_RATE_LIMIT_PER_MINUTE: '2' });
    try {
      const first = await ask(app, a);
      expect(first.status).toBe(200);
      expect(first.headers.get('ratelimit-policy')).toMatch(/^"requests";q=3;w=60, "cost";q=\d+;w=60$/);
      expect(first.headers.get('ratelimit')).toMatch(/^"requests";r=2;t=60, "cost";r=\d+;t=0$/);
      expect((await statuses([ask(app, a), ask(app, a), ask(app, a), ask(app, a)])).sort()).toEqual([
        200, 200, 429, 429,
      ]);
      const refused = await ask(app, a);
      expect(await refused.json()).toEqual({
        errors: [
          {
            message: expect.stringMatching(/^More than 3 requests in a minute\. Try again in \d+ s\.$/),
            extensions: { code: 'RATE_LIMITED', retryable: true, retryAfterSeconds: expect.any(Number) },
          },
        ],
      });
      expect(refused.headers.get('ratelimit')).toMatch(/^"requests";r=0;t=\d+$/);
      const seconds = Number(refused.headers.get('retry-after'));
      expect(seconds).toBeGreaterThan(50);
      expect((await ask(app, b)).status).toBe(200);

      expect(await statuses([event(app, a), event(app, a)])).toEqual([202, 202]);
      const push = await event(app, a);
      expect([push.status, await push.json()]).toEqual([
        429,
        { error: { code: 'RATE_LIMITED', message: expect.stringContaining('2 pushes in a minute') } },
      ]);
      expect(push.headers.get('retry-after')).toMatch(/^\d+$/);

      jump(seconds);
      expect((await ask(app, a)).status).toBe(200);
      const metrics = await (await fetch(`${app.url}/metrics`, { headers: b })).text();
      expect(metrics).toContain('rate_limited_requests_total{limit="requests"} 3');
      expect(metrics).toContain('rate_limited_requests_total{limit="pushes"} 1');
      expect((await fetch(`${app.url}/healthz`)).status).toBe(200);
    } finally {
      await app.close();
    }
  });

  it('what is refused for its workspace counts', async () => {
    const own = await keys.create({ role: 'viewer', workspace: ['default'] });
    const app = await start({ RATE_LIMIT_PER_MINUTE: '2' });
    try {
      const foreign = () => ask(app, { ...own, 'x-workspace': 'acme' });
      expect([await foreign(), await foreign(), await foreign()].map(({ status }) => status)).toEqual([
        403, 403, 429,
      ]);
    } finally {
      await app.close();
    }
  });

  it('where nobody logs in, by address: what a caller writes in X-Forwarded-For counts only behind a proxy', async () => {
    const forwarded = (address: string) => ({ 'x-forwarded-for': address });
    const direct = await startTestApp({ environment: { RATE_LIMIT_PER_MINUTE: '1' } });
    try {
      expect((await ask(direct, forwarded('1.1.1.1'))).status).toBe(200);
      expect((await ask(direct, forwarded('2.2.2.2'))).status).toBe(429);
    } finally {
      await direct.close();
    }
    const behind = await startTestApp({ environment: { RATE_LIMIT_PER_MINUTE: '1', TRUST_PROXY: '1' } });
    try {
      expect((await ask(behind, forwarded('1.1.1.1'))).status).toBe(200);
      expect((await ask(behind, forwarded('6.6.6.6, 1.1.1.1'))).status).toBe(429);
      expect((await ask(behind, forwarded('2.2.2.2'))).status).toBe(200);
    } finally {
      await behind.close();
    }
  });
});

describe('what queries cost a minute', () => {
  it('is the values of the answers; those from the cache are free; the last one may overdraw', async () => {
    const app = await start({ QUERY_COST_PER_MINUTE: '40' });
    try {
      const left = async (query: string): Promise<string | undefined> => {
        const response = await ask(app, a, query);
        expect(response.status).toBe(200);
        return /"cost";r=(\d+)/.exec(response.headers.get('ratelimit') ?? '')?.[1];
      };
      expect(await left(`{ ${tile} }`)).toBe('40');
      // Ten rows of a node and its field, and the field that they are in.
      expect(await left(`{ b: ${tile} }`)).toBe('19');
      expect((await ask(app, a, `{ ${tile} }`)).headers.get('cache-status')).toBe('utmql; hit');
      const refused = await ask(app, a, `{ c: ${tile} }`);
      expect([refused.status, await refused.json()]).toEqual([
        429,
        {
          errors: [
            {
              message: expect.stringContaining('more than 40 values in a minute'),
              extensions: { code: 'RATE_LIMITED', retryable: true, retryAfterSeconds: expect.any(Number) },
            },
          ],
        },
      ]);
      expect((await ask(app, a, `{ ${tile} }`)).status).toBe(200);
      expect((await ask(app, b, `{ c: ${tile} }`)).status).toBe(200);
      jump(Number(refused.headers.get('retry-after')));
      expect((await ask(app, a, `{ d: ${tile} }`)).status).toBe(200);
    } finally {
      await app.close();
    }
  });

  it('what is refused before it is run costs nothing', async () => {
    const app = await start({ QUERY_COST_PER_MINUTE: '1', QUERY_MAX_COMPLEXITY: '1000' });
    try {
      const tooMuch = '{ metrics(dateRange: { preset: YESTERDAY }, first: 1000) { nodes { cost clicks } } }';
      for (const query of [tooMuch, '{ nonsense }', '{ {'])
        expect((await ask(app, a, query)).status).not.toBe(429);
      expect((await ask(app, a)).status).toBe(200);
      expect((await ask(app, a, '{ a: __typename }')).status).toBe(429);
    } finally {
      await app.close();
    }
  });
});

describe('at a time', () => {
  it('one caller’s subscriptions are bounded, and leave the queries their turns', async () => {
    const app = await start({ CALLER_MAX_CONCURRENCY: '1' });
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    app.answer({
      ads: async (request, response) => {
        await held;
        return adsFeed([])(request, response);
      },
    });
    try {
      const trigger = await ask(
        app,
        a,
        'mutation { triggerIngest(input: { sources: ["ads"] }) { runs { id } } }',
      );
      const { data } = (await trigger.json()) as { data: { triggerIngest: { runs: { id: string }[] } } };
      const query = `subscription { ingestRun(id: "${data.triggerIngest.runs[0]?.id}") { status } }`;
      const follow = (who: Record<string, string>, signal: AbortSignal) =>
        fetch(`${app.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...who },
          body: JSON.stringify({ query }),
          signal,
        });
      const leave = new AbortController();
      expect((await follow(a, leave.signal)).status).toBe(200);
      const second = await follow(a, leave.signal);
      expect([second.status, await second.json()]).toMatchObject([
        429,
        { errors: [{ extensions: { code: 'RATE_LIMITED' } }] },
      ]);
      expect(second.headers.get('retry-after')).toBe('1');
      expect((await follow(b, leave.signal)).status).toBe(200);
      // More than one query waits for the one at work, and all are answered.
      expect(await statuses([1, 2, 3, 4].map((index) => ask(app, a, `{ t${index}: ${tile} }`)))).toEqual([
        200, 200, 200, 200,
      ]);
      leave.abort();
      const again = new AbortController();
      await vi.waitFor(async () => expect((await follow(a, again.signal)).status).toBe(200));
      again.abort();
    } finally {
      release();
      await app.close();
    }
  });

  it('too many queries: the first are answered, those that find no room to wait are refused', async () => {
    const app = await start({ CALLER_MAX_CONCURRENCY: '1' });
    try {
      const asked = Array.from({ length: 12 }, (_, index) => ask(app, a, `{ t${index}: ${tile} }`));
      const got = await statuses(asked);
      expect(got.filter((status) => status === 200).length).toBeGreaterThanOrEqual(6);
      expect(got.filter((status) => status === 429).length).toBeGreaterThanOrEqual(1);
      expect((await ask(app, a, `{ later: ${tile} }`)).status).toBe(200);
    } finally {
      await app.close();
    }
  });
});

describe('wrong keys', () => {
  it('20 a minute from an address; then none is looked at but those that were good before', async () => {
    const app = await start({ TRUST_PROXY: '1' });
    try {
      const [known, fresh] = [a, b];
      const from = (address: string, headers: Record<string, string>) =>
        ask(app, { 'x-forwarded-for': address, ...headers });
      const wrong = { 'x-api-key': 'utmql_0000000000_wrong' };
      expect((await from('1.1.1.1', known)).status).toBe(200);
      for (let attempt = 0; attempt < 20; attempt++) expect((await from('1.1.1.1', wrong)).status).toBe(401);
      const refused = await from('1.1.1.1', wrong);
      expect([refused.status, await refused.json()]).toEqual([
        429,
        {
          errors: [
            {
              message: expect.stringContaining('Too many wrong keys'),
              extensions: { code: 'RATE_LIMITED', retryable: true, retryAfterSeconds: expect.any(Number) },
            },
          ],
        },
      ]);
      // A right guess is answered like a wrong one.
      expect((await from('1.1.1.1', fresh)).status).toBe(429);
      expect((await from('1.1.1.1', known)).status).toBe(200);
      expect((await from('2.2.2.2', fresh)).status).toBe(200);
      // Nor is the form, or what is for guests, a way around.
      const form = await fetch(`${app.url}/login`, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'sec-fetch-site': 'same-origin',
          'x-forwarded-for': '1.1.1.1',
        },
        body: new URLSearchParams({ key: 'guess' }),
      });
      expect([form.status, await form.text()]).toEqual([429, expect.stringContaining('Too many wrong keys')]);
      const ready = await fetch(`${app.url}/readyz`, {
        headers: { 'x-forwarded-for': '1.1.1.1', ...fourth },
      });
      expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready', store: 'ok' }]);
      jump(Number(refused.headers.get('retry-after')));
      expect((await from('1.1.1.1', fresh)).status).toBe(200);
    } finally {
      await app.close();
    }
  });
});
