import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UtmqlError } from '../../src/errors.ts';
import {
  createHttpSource,
  type HttpSource,
  type HttpSourceOptions,
  type OpenOptions,
} from '../../src/http-client/http-source.ts';
import {
  type Behaviour,
  cutAfter,
  gzipped,
  hang,
  hangAfter,
  hangUp,
  inTurn,
  json,
  redirect,
  refusedUrl,
  type SourceServer,
  startSourceServer,
  status,
  streamed,
  text,
} from '../support/source-server.ts';

const servers: SourceServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(behaviour: Behaviour | Record<string, Behaviour>): Promise<SourceServer> {
  const server = await startSourceServer(behaviour);
  servers.push(server);
  return server;
}

const sourceAt = (url: string, options: Partial<HttpSourceOptions> = {}): HttpSource =>
  createHttpSource({ name: 'ads', url, timeoutMs: 5_000, backoffMs: { initial: 1, max: 5 }, ...options });

const logger = pino({ level: 'silent' });
const call = (options: Partial<OpenOptions> = {}): OpenOptions => ({
  signal: new AbortController().signal,
  logger,
  ...options,
});

async function read(source: HttpSource, options: Partial<OpenOptions> = {}): Promise<string> {
  const { body } = await source.open(call(options));
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** The UtmqlError that reading ends with. */
async function failureOf(source: HttpSource, options: Partial<OpenOptions> = {}): Promise<UtmqlError> {
  const error: unknown = await read(source, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof UtmqlError)) throw new Error('It did not fail as a UtmqlError.', { cause: error });
  return error;
}

describe('the request', () => {
  it('asks for JSON and gzip, says who it is and passes the request id on', async () => {
    const server = await serve(json([]));
    await read(sourceAt(server.url), { requestId: 'r-1' });
    expect(server.requests[0]?.headers).toMatchObject({
      accept: 'application/json, application/x-ndjson',
      'accept-encoding': 'gzip',
      'user-agent': expect.stringMatching(/^utmql\/\d/),
      'x-request-id': 'r-1',
    });
    expect(server.requests[0]?.headers).not.toHaveProperty('authorization');
  });

  it('sends credentials in the address as basic authorization and shows neither them nor parameters', async () => {
    const server = await serve(status(403));
    const lines: string[] = [];
    const log = pino({ level: 'trace' }, { write: (line) => lines.push(line) });
    const address = new URL(`${server.url}/ads?token=s3cret`);
    address.username = 'ana@x';
    address.password = 'p:ss wörd';
    const error = await failureOf(sourceAt(address.href), { logger: log });
    expect(server.requests[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from('ana@x:p:ss wörd').toString('base64')}`,
    );
    expect(error.message).toBe(
      `Source ads answered 403 Forbidden for ${server.url}/ads; check the credentials in the address configured for it.`,
    );
    expect(`${error.message}${JSON.stringify(error.cause ?? '')}${lines.join('')}`).not.toMatch(
      /s3cret|ana|rd@|p:ss/,
    );
  });

  it('refuses an address that is none without repeating it', () => {
    for (const url of ['ads.example.com/s3cret', 'ftp://u:s3cret@x/', 'http://u:%zz@s3cret/']) {
      expect(() => sourceAt(url)).toThrow(
        'The address of source ads is not a valid http:// or https:// URL.',
      );
    }
  });

  it('is made at most ten times in 100 ms', async () => {
    const server = await serve(json([]));
    const source = sourceAt(server.url);
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: 21 }, () => read(source)));
    expect(performance.now() - startedAt).toBeGreaterThan(190);
    expect(server.requests).toHaveLength(21);
  });
});

describe('a POST', () => {
  /** Answers with what was asked: method, content type and body. */
  const echo: Behaviour = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method, headers } = request;
    return json([method, headers['content-type'], Buffer.concat(chunks).toString()])(request, response);
  };
  const post = { method: 'POST', headers: { 'content-type': 'application/json' } } as const;

  it('sends its body, again with each attempt and after a redirect that keeps the method', async () => {
    const server = await serve({
      '/a': inTurn(status(503), redirect('/b', 307)),
      '/b': inTurn(status(503), echo),
    });
    expect(await read(sourceAt(`${server.url}/a`, post), { body: '{"q":1}' })).toBe(
      '["POST","application/json","{\\"q\\":1}"]',
    );
    expect(server.requests.map(({ path }) => path)).toEqual(['/a', '/a', '/b', '/a', '/b']);
  });

  it('is not made a GET by a redirect', async () => {
    const server = await serve(redirect('/b', 302));
    expect(await failureOf(sourceAt(`${server.url}/a`, post), { body: '{}' })).toMatchObject({
      code: 'SOURCE_REFUSED',
      message: expect.stringContaining(`points to ${server.url}/b, which is not followed`),
    });
    expect(server.requests).toHaveLength(1);
  });
});

describe('a source with its own rules', () => {
  it('gets its headers, those that must be got first, and its own address for each call', async () => {
    const server = await serve(json([]));
    const source = sourceAt(`${server.url}/ads`, {
      headers: { accept: 'text/csv', 'accept-encoding': 'br', 'x-key': 'k' },
      authorize: async () => ({ authorization: 'Bearer t' }),
    });
    await read(source, { url: new URL(`${server.url}/ads?page=2`) });
    expect(server.requests[0]).toMatchObject({
      path: '/ads',
      query: { page: '2' },
      headers: { accept: 'text/csv', 'accept-encoding': 'gzip', 'x-key': 'k', authorization: 'Bearer t' },
    });
  });

  it('is asked as often as its rate limit allows', async () => {
    const server = await serve(json([]));
    const source = sourceAt(server.url, { rateLimit: { perSecond: 20, burst: 2 } });
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: 5 }, () => read(source)));
    expect(performance.now() - startedAt).toBeGreaterThan(190);
  });

  it('has errors judged by their bodies, of which no more than 64 KB is read', async () => {
    const seen: number[] = [];
    const classifyFailure: HttpSourceOptions['classifyFailure'] = ({ status: code, body }) => {
      seen.push(body.length);
      return code === 400 ? { kind: 'throttled', detail: 'error 17', retryAfterMs: 1 } : undefined;
    };
    const huge: Behaviour = (_, response) => void response.writeHead(400).end('x'.repeat(10_000_000));
    const hung: Behaviour = (_, response) => void response.writeHead(400).write('{');
    const outcomes: string[] = [];
    const server = await serve(inTurn(huge, hung, json([1])));
    const source = sourceAt(server.url, {
      classifyFailure,
      timeoutMs: 3_000,
      metrics: { onRequest: (outcome) => outcomes.push(outcome) },
    });
    expect(await read(source)).toBe('[1]');
    expect(outcomes).toEqual(['rate_limited', 'rate_limited', 'ok']);
    expect(seen).toEqual([65_536, 0]);
  });
});

describe('a page', () => {
  const page = async (source: HttpSource, maxBytes = 1_000): Promise<string> =>
    (await source.page(call(), maxBytes)).body.toString();

  it('that breaks off, stops or is judged bad is asked for again', async () => {
    const server = await serve(inTurn(cutAfter('[1'), hangAfter('[1'), json({ code: 7 }), gzipped('[1,2]')));
    const classifyFailure: HttpSourceOptions['classifyFailure'] = ({ body }) =>
      body.includes('code') ? { kind: 'unavailable', detail: 'code 7' } : undefined;
    expect(await page(sourceAt(server.url, { classifyFailure, timeoutMs: 1_000 }))).toBe('[1,2]');
  });

  it('that goes on breaking off opens the circuit like any other failure', async () => {
    const server = await serve(cutAfter('[1', 10));
    const source = sourceAt(`${server.url}/p`, { attempts: 5 });
    await expect(page(source)).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: `Source ads could not be read from ${server.url}/p in 5 attempts: its answer broke off after 2 bytes: the connection was closed by the other side.`,
    });
    expect(source.state()).toBe('open');
  });

  it('that comes by drips is left after twenty times the longest silence', async () => {
    const drip: Behaviour = (_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('x'), 20);
      response.once('close', () => clearInterval(timer));
    };
    const server = await serve(drip);
    await expect(page(sourceAt(server.url, { attempts: 1, timeoutMs: 250 }))).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: expect.stringMatching(
        /in 1 attempt: its answer was not complete within 5 s; \d+ bytes were received\.$/,
      ),
    });
  });

  it('that is too long or cannot be decompressed is not', async () => {
    const server = await serve(inTurn(json('x'.repeat(1_000)), text('[]', { 'content-encoding': 'gzip' })));
    const source = sourceAt(`${server.url}/p`);
    const start = `Source ads cannot be read from ${server.url}/p: its answer is`;
    await expect(page(source)).rejects.toMatchObject({
      code: 'SOURCE_MALFORMED',
      message: expect.stringContaining(start),
    });
    await expect(page(source)).rejects.toMatchObject({
      code: 'SOURCE_MALFORMED',
      message: `${start} marked as gzip but cannot be decompressed; have it sent uncompressed, or with its actual content-encoding.`,
    });
    expect(server.requests).toHaveLength(2);
  });
});

describe('the answer', () => {
  it('comes with its content type, as it was sent', async () => {
    const server = await serve(json({ a: 'é' }));
    const { contentType } = await sourceAt(server.url).open(call());
    expect(contentType).toBe('application/json');
    expect(await read(sourceAt(server.url))).toBe('{"a":"é"}');
  });

  it('is decompressed', async () => {
    const body = JSON.stringify(Array.from({ length: 10_000 }, (_, n) => ({ n })));
    const server = await serve({
      '/gzip': gzipped(body),
      '/deflate': text(deflateSync(body), { 'content-encoding': 'deflate' }),
      '/br': text(brotliCompressSync(body), { 'content-encoding': 'br' }),
      '/identity': text(body, { 'content-encoding': 'Identity' }),
    });
    for (const path of ['/gzip', '/deflate', '/br', '/identity']) {
      expect(await read(sourceAt(`${server.url}${path}`))).toBe(body);
    }
  });

  it('is streamed, so that leaving early ends an endless one', async () => {
    let closed: () => void = () => undefined;
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    function* endless(): Generator<string> {
      for (;;) yield 'x'.repeat(65_536);
    }
    const server = await serve((request, response) => {
      response.once('close', closed);
      return streamed(endless)(request, response);
    });
    const { body } = await sourceAt(server.url).open(call());
    for await (const chunk of body) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    await isClosed;
  });

  it('may be a gzip bomb, of which only what is read is unpacked', async () => {
    const server = await serve(text(gzipSync(Buffer.alloc(50_000_000)), { 'content-encoding': 'gzip' }));
    const { body } = await sourceAt(server.url).open(call());
    let read = 0;
    for await (const chunk of body) {
      expect(chunk.length).toBeLessThanOrEqual(131_072);
      read += chunk.length;
      if (read > 1_000_000) break;
    }
  });
});

describe('a redirect', () => {
  it('is followed within the origin, credentials going along', async () => {
    const server = await serve({ '/a': redirect('/b', 301), '/b': redirect('c?x=1', 307), '/c': json([1]) });
    const url = new URL(`${server.url}/a`);
    url.password = 'p';
    expect(await read(sourceAt(url.href))).toBe('[1]');
    expect(server.requests.map(({ path }) => path)).toEqual(['/a', '/b', '/c']);
    expect(new Set(server.requests.map(({ headers }) => headers.authorization)).size).toBe(1);
  });

  it('to another place is refused, and that place learns nothing', async () => {
    const other = await serve(json([]));
    const server = await serve(redirect(`${other.url}/login?token=s3cret`));
    expect(await failureOf(sourceAt(`${server.url}/ads`))).toMatchObject({
      code: 'SOURCE_REFUSED',
      retryable: false,
      message:
        `Source ads answered 302 Found for ${server.url}/ads and points to ${other.url}/login, which is not followed; ` +
        'if the records are there, configure that address.',
    });
    expect(other.requests).toEqual([]);
  });

  it('is followed three times and no more', async () => {
    const server = await serve(redirect('/again'));
    const error = await failureOf(sourceAt(server.url));
    expect(error).toMatchObject({ code: 'SOURCE_REFUSED' });
    expect(error.message).toContain('redirected more than 3 times');
    expect(server.requests).toHaveLength(4);
  });
});

describe('retries', () => {
  it.each([500, 502, 503, 504, 429])('come after %i', async (code) => {
    const server = await serve(inTurn(status(code), status(code), json([1])));
    const outcomes: string[] = [];
    const metrics = { onRequest: (outcome: string) => outcomes.push(outcome) };
    expect(await read(sourceAt(server.url, { metrics }))).toBe('[1]');
    const failed = code === 429 ? 'rate_limited' : 'server_error';
    expect(outcomes).toEqual([failed, failed, 'ok']);
  });

  it('come after a connection that was closed and after a silence', async () => {
    const server = await serve(inTurn(hangUp, hang, json([1])));
    expect(await read(sourceAt(server.url, { timeoutMs: 500 }))).toBe('[1]');
  });

  it.each([400, 401, 403, 404, 410, 304])('do not come after %i', async (code) => {
    const server = await serve(status(code));
    const error = await failureOf(sourceAt(`${server.url}/ads?secret=1`));
    expect(error).toMatchObject({ code: 'SOURCE_REFUSED', retryable: false });
    expect(error.message).toMatch(
      new RegExp(`^Source ads answered ${code} [A-Z][A-Za-z ]+ for ${server.url}/ads; check`),
    );
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ['503', status(503), 'it answered 503 Service Unavailable'],
    ['a closed connection', hangUp, 'the connection was closed by the other side'],
    [
      'silence',
      hang,
      'no answer within 100 ms. Raise its timeout_ms where it needs longer, or ask for fewer days at once',
    ],
  ])('end after the last attempt: %s', async (_, behaviour, reason) => {
    const server = await serve(behaviour);
    expect(await failureOf(sourceAt(`${server.url}/ads`, { attempts: 3, timeoutMs: 100 }))).toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      retryable: true,
      message: `Source ads could not be read from ${server.url}/ads in 3 attempts: ${reason}.`,
    });
    expect(server.requests).toHaveLength(3);
  });

  it('say when nobody listens or the name does not exist', async () => {
    const refused = await failureOf(sourceAt(await refusedUrl(), { attempts: 1 }));
    expect(refused.message).toMatch(
      /in 1 attempt: connection refused\. Check that it runs, and the port in its address\.$/,
    );
    const unknown = await failureOf(sourceAt('http://ads.invalid/', { attempts: 1 }));
    expect(unknown.message).toMatch(/in 1 attempt: its host name .*DNS/);
  });

  it('wait as long as Retry-After asks, in seconds or as a date', async () => {
    const now = Date.UTC(2025, 7, 1);
    const readAfter = async (retryAfter: string): Promise<number> => {
      const server = await serve(inTurn(status(429, { 'retry-after': retryAfter }), json([1])));
      const startedAt = performance.now();
      await read(sourceAt(server.url, { clock: { now: () => now } }));
      return performance.now() - startedAt;
    };
    const waits = await Promise.all(['1', new Date(now + 1_000).toUTCString()].map(readAfter));
    expect(Math.min(...waits)).toBeGreaterThan(950);
  });

  it('are patient with a source that throttles: its answers neither use up attempts nor open the circuit', async () => {
    const throttled = Array.from({ length: 12 }, () => status(429));
    const server = await serve(inTurn(status(500), ...throttled, status(500), json([1])));
    const source = sourceAt(server.url, { attempts: 3 });
    expect(await read(source)).toBe('[1]');
    expect(source.state()).toBe('closed');
    expect(server.requests).toHaveLength(15);
  });

  it('end when a source has throttled for so long as is waited', async () => {
    const server = await serve(status(429, { 'retry-after': '1' }));
    const error = await failureOf(sourceAt(server.url, { patienceMs: 1_500 }));
    expect(error.message).toMatch(
      /in 2 attempts: it answered 429 Too Many Requests\. Lower its rate_limit, or raise its patience_ms\.$/,
    );
    expect(server.requests).toHaveLength(2);
  });

  it('wait two minutes and more, but not for ages: the error says when to come again', async () => {
    const server = await serve(status(429, { 'retry-after': '180' }));
    const clock = { now: () => Date.UTC(2025, 7, 1) };
    expect(await failureOf(sourceAt(server.url, { clock }))).toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      retryable: true,
      message:
        `Source ads cannot be read from ${server.url}/ now: it answered 429 Too Many Requests ` +
        'and asks for a retry in 180 s, at 2025-08-01T00:03:00.000Z.',
    });
    expect(server.requests).toHaveLength(1);
  });

  it('are not made when Retry-After asks for ages', async () => {
    const server = await serve(status(503, { 'retry-after': '9'.repeat(400) }));
    expect((await failureOf(sourceAt(server.url))).message).toMatch(/a retry in 31536000 s, at \d{4}-/);
  });

  it('are logged with their reason', async () => {
    const lines: Record<string, unknown>[] = [];
    const log = pino(
      { level: 'warn' },
      { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) },
    );
    const server = await serve(inTurn(status(500), json([])));
    await read(sourceAt(server.url), { logger: log });
    expect(lines).toMatchObject([
      { source: 'ads', attempt: 1, reason: 'it answered 500 Internal Server Error' },
    ]);
  });
});

describe('a body that breaks', () => {
  const broken: [string, Behaviour, RegExp][] = [
    [
      'cut in the middle of chunks',
      cutAfter('0123456789'),
      /broke off after 10 bytes: the connection was closed by the other side\.$/,
    ],
    [
      'shorter than announced',
      cutAfter('0123456789', 20),
      /broke off after 10 bytes: the connection was closed by the other side\.$/,
    ],
    ['silent', hangAfter('0123456789'), /stopped after 10 bytes: it sent nothing for 500 ms\.$/],
    [
      'gzip that ends in the middle',
      text(gzipSync('x'.repeat(100)).subarray(0, 15), { 'content-encoding': 'gzip' }),
      /broke off: its gzip data ends in the middle\.$/,
    ],
  ];

  it.each(broken)('is not asked for again: %s', async (_, behaviour, message) => {
    const server = await serve(behaviour);
    const error = await failureOf(sourceAt(`${server.url}/ads?secret=1`, { timeoutMs: 500 }));
    expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE', retryable: true });
    expect(error.message).toContain(`The answer of source ads from ${server.url}/ads `);
    expect(error.message).toMatch(message);
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    [
      'gzip that is none',
      text('[1,2]', { 'content-encoding': 'gzip' }),
      'is marked as gzip but cannot be decompressed; have it sent uncompressed, or with its actual content-encoding.',
    ],
    [
      'an encoding that nobody asked for',
      text('[1,2]', { 'content-encoding': 'zstd' }),
      '‘zstd’, which was not requested; have it sent uncompressed or in gzip.',
    ],
  ])('says so: %s', async (_, behaviour, message) => {
    const server = await serve(behaviour);
    const error = await failureOf(sourceAt(server.url));
    expect(error).toMatchObject({ code: 'SOURCE_MALFORMED', retryable: false });
    expect(error.message).toContain(message);
  });

  it('longer than announced ends where it was announced, for the reader of records to find it cut', async () => {
    const server = await serve(text('[{"a":1},{"a":2}]', { 'content-length': '12' }));
    expect(await read(sourceAt(server.url))).toBe('[{"a":1},{"a');
  });

  it('gives what came before it broke', async () => {
    const server = await serve(cutAfter('0123456789', 20));
    const { body } = await sourceAt(server.url).open(call());
    let received = '';
    await expect(async () => {
      for await (const chunk of body) received += Buffer.from(chunk).toString();
    }).rejects.toThrow(UtmqlError);
    expect(received).toBe('0123456789');
  });

  it('is not the reader being slow', async () => {
    const server = await serve(streamed(() => Array.from({ length: 100 }, () => 'x'.repeat(65_536))));
    const { body } = await sourceAt(server.url, { timeoutMs: 1_000 }).open(call());
    let received = 0;
    for await (const chunk of body) {
      if (received === 0) await new Promise((resolve) => setTimeout(resolve, 1_500));
      received += chunk.length;
    }
    expect(received).toBe(6_553_600);
  });
});

describe('the circuit breaker', () => {
  // cockatiel goes by Date.now; timers stay real, since the servers are.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
  afterEach(() => void vi.useRealTimers());
  const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1_000);

  it('opens after 5 failures in a row, fails calls at once, and needs 2 successes to close', async () => {
    const server = await serve(inTurn(...(Array(5).fill(status(500)) as [Behaviour]), json([1])));
    const outcomes: string[] = [];
    const metrics = { onRequest: (outcome: string) => outcomes.push(outcome) };
    const source = sourceAt(server.url, { attempts: 4, metrics });
    await failureOf(source);
    expect(source.state()).toBe('closed');

    // The fifth failure opens it: the attempts that are left are not made.
    expect((await failureOf(source)).message).toContain('in 1 attempt: it answered 500');
    expect(source.state()).toBe('open');
    expect(await failureOf(source)).toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      retryable: true,
      message:
        'Source ads failed 5 times in a row (last: it answered 500 Internal Server Error) and is not called for now; try again in 30 s.',
    });
    expect(server.requests).toHaveLength(5);
    expect(outcomes.at(-1)).toBe('circuit_open');

    pass(29);
    expect((await failureOf(source)).message).toContain('try again in 1 s.');
    pass(1);
    expect(source.state()).toBe('half-open');
    await read(source);
    expect(source.state()).toBe('half-open');
    await read(source);
    expect(source.state()).toBe('closed');
  });

  it('opens again on one failure while it is half open', async () => {
    const failures = Array(5).fill(status(500)) as [Behaviour];
    const server = await serve(inTurn(...failures, json([1]), status(500)));
    const source = sourceAt(server.url, { attempts: 5 });
    await failureOf(source);
    pass(30);
    await read(source);
    expect(source.state()).toBe('half-open');
    await failureOf(source);
    expect(source.state()).toBe('open');
    expect(server.requests).toHaveLength(7);
  });

  it('takes a refusal for a sign of life', async () => {
    const server = await serve(
      inTurn(status(500), status(500), status(404), status(500), status(500), status(404)),
    );
    const source = sourceAt(server.url, { breaker: { failures: 3, openMs: 30_000, successes: 2 } });
    await failureOf(source);
    await failureOf(source);
    expect(source.state()).toBe('closed');
    expect(server.requests).toHaveLength(6);
  });

  it('of one source leaves the others alone', async () => {
    const server = await serve({ '/bad': status(500), '/good': json([1]) });
    const bad = sourceAt(`${server.url}/bad`, { attempts: 5 });
    await failureOf(bad);
    expect(bad.state()).toBe('open');
    expect(await read(sourceAt(`${server.url}/good`))).toBe('[1]');
  });
});

describe('an abort', () => {
  async function aborted(
    source: HttpSource,
    when: (abort: () => void) => void,
    reason?: unknown,
  ): Promise<UtmqlError> {
    const controller = new AbortController();
    when(() => controller.abort(reason));
    return failureOf(source, { signal: controller.signal });
  }

  it('ends the wait for an answer, the wait between attempts, and the body', async () => {
    let abort = (): void => undefined;
    const abortSoon =
      (behaviour: Behaviour): Behaviour =>
      (request, response) => {
        setTimeout(() => abort(), 20);
        return behaviour(request, response);
      };
    const server = await serve({
      '/hang': abortSoon(hang),
      '/busy': abortSoon(status(503, { 'retry-after': '30' })),
      '/body': abortSoon(hangAfter('0123456789')),
      '/gzip': abortSoon((_, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' }).write(gzipSync('x').subarray(0, 12));
      }),
    });
    for (const path of ['/hang', '/busy', '/body', '/gzip']) {
      // It would wait for longer than this test may last.
      const error = await aborted(sourceAt(`${server.url}${path}`, { timeoutMs: 60_000 }), (now) => {
        abort = now;
      });
      expect(error).toMatchObject({ code: 'CANCELLED', message: 'The call to source ads was cancelled.' });
    }
    expect(server.requests).toHaveLength(4);
  }, 25_000);

  it('before the call makes no request, and throws the reason when that is one of ours', async () => {
    const server = await serve(json([]));
    const reason = new UtmqlError('TIMEOUT', 'The run took too long.');
    expect(await aborted(sourceAt(server.url), (now) => now(), reason)).toBe(reason);
    expect(server.requests).toEqual([]);
  });
});
