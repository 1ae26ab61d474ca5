import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import type { ConnectionLimits } from '../../src/http/connections.ts';
import type { Route } from '../../src/http/route.ts';
import { listen } from '../../src/http/server.ts';
import { createTelemetry } from '../../src/telemetry.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { silent } from '../support/database.ts';
import { testGate } from '../support/gate.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';

const friend = 'https://dashboard.example.com';

let keys: TestKeys;
let key: Record<string, string>;
let app: TestApp;
beforeAll(async () => {
  keys = await makeKeys();
  key = await keys.create({ role: 'admin', 'all-workspaces': true });
  app = await startTestApp({
    environment: { API_KEYS_FILE: keys.file, CORS_ORIGINS: `${friend}, https://other.example.com:8443` },
  });
});
afterAll(async () => {
  await app.close();
  await keys.close();
});

/** Sends bytes as they are, and gives all that comes back until the connection ends, or `until` matches. */
function sendRaw(
  url: string,
  bytes: string,
  options: { until?: RegExp; onConnect?: (socket: Socket) => void } = {},
): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => {
      socket.write(bytes);
      options.onConnect?.(socket);
    });
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
      if (options.until?.test(answer)) socket.destroy();
    });
    socket
      .on('close', () => resolve(answer))
      .on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
      });
  });
}

describe('security headers', () => {
  const strict = {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
    'content-security-policy': expect.stringMatching(/^default-src 'none'.*frame-ancestors 'none'$/),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  };

  it.each([
    ['GET', '/', {}, 302],
    ['GET', '/', { accept: 'text/html' }, 401],
    ['GET', '/', { accept: 'text/html', key: '' }, 200],
    ['GET', '/healthz', {}, 200],
    ['GET', '/readyz', {}, 200],
    ['GET', '/metrics', {}, 401],
    ['GET', '/login', {}, 200],
    ['POST', '/login', {}, 403],
    ['POST', '/logout', {}, 403],
    ['POST', '/workspace', {}, 403],
    ['GET', '/nothing', {}, 404],
    ['DELETE', '/healthz', {}, 405],
    ['GET', '/graphql?query={__typename}', {}, 401],
    ['POST', '/graphql', {}, 401],
    ['POST', '/events', {}, 401],
    ['POST', '/ingest/events', {}, 401],
    ['GET', '/graphql', { accept: 'text/html' }, 401],
    ['GET', '/graphql?query={__typename}', { key: '' }, 200],
    ['GET', '/graphql', { accept: 'text/html', key: '' }, 200],
    ['GET', '/graphql', { key: '' }, 400],
    ['POST', '/graphql', { key: '' }, 415],
    ['POST', '/events', { key: '' }, 415],
    ['OPTIONS', '/graphql', { origin: friend, 'access-control-request-method': 'POST' }, 204],
  ])('%s %s %j', async (method, path, { key: withKey, ...headers }: Record<string, string>, status) => {
    const response = await fetch(app.url + path, {
      method,
      headers: { ...headers, ...(withKey === '' ? key : {}) },
      redirect: 'manual',
    });
    await response.arrayBuffer();
    expect([response.status, Object.fromEntries(response.headers)]).toMatchObject([status, strict]);
    expect(response.headers.has('strict-transport-security')).toBe(false);
  });

  it('GraphiQL’s page runs its own script and no other', async () => {
    const page = await fetch(`${app.url}/graphql`, { headers: { accept: 'text/html', ...key } });
    await page.arrayBuffer();
    const policy = page.headers.get('content-security-policy');
    expect(policy).toMatch(/script-src 'sha256-[\w+/=]+';/);
    expect(policy).toMatch(/style-src-elem 'self' 'nonce-[\w+/=]{24}';/);
    expect(policy).not.toMatch(/(script-src|style-src-elem)[^;]*unsafe|blob:|https?:/);
  });

  it('browsers that came by HTTPS are told to stay with it', async () => {
    const response = await fetch(`${app.url}/healthz`, { headers: { 'x-forwarded-proto': 'https' } });
    expect(response.headers.get('strict-transport-security')).toBe('max-age=31536000');
  });
});

describe('pages of other sites (CORS)', () => {
  const preflight = (path: string, origin: string) =>
    fetch(app.url + path, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });

  it.each([
    ['/graphql', 'GET, POST'],
    ['/events', 'POST'],
    ['/ingest/ad-performance', 'POST'],
    ['/ingest/opportunities', 'POST'],
    ['/ingest/events', 'POST'],
    ['/mcp', 'POST'],
    ['/openapi.json', 'GET'],
    ['/export/metrics', 'GET'],
  ])('those on the list may call %s', async (path, methods) => {
    const { status, headers } = await preflight(path, friend);
    expect([status, Object.fromEntries(headers)]).toMatchObject([
      204,
      {
        'access-control-allow-origin': friend,
        'access-control-allow-methods': methods,
        'access-control-allow-headers':
          'Authorization, Content-Type, X-API-Key, X-Workspace, X-Request-Id, Idempotency-Key, traceparent, Mcp-Session-Id, Mcp-Protocol-Version',
        'access-control-max-age': '7200',
        vary: 'Origin',
      },
    ]);
    expect(headers.has('access-control-allow-credentials')).toBe(false);
  });

  it('others may not, nor may anybody call what is not for programs', async () => {
    for (const origin of [
      'https://evil.example',
      'null',
      `${friend}.evil.example`,
      'http://dashboard.example.com',
    ]) {
      const { status, headers } = await preflight('/graphql', origin);
      expect([status, headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([
        403,
        null,
        'Origin',
      ]);
    }
    const login = await preflight('/login', friend);
    expect([login.status, login.headers.get('access-control-allow-origin')]).toEqual([405, null]);
  });

  it('answers may be read by those on the list alone, errors too', async () => {
    const ask = (origin: string, headers: Record<string, string>) =>
      fetch(`${app.url}/graphql?query={__typename}`, { headers: { origin, ...headers } });
    const good = await ask(friend, key);
    expect([good.status, Object.fromEntries(good.headers)]).toMatchObject([
      200,
      {
        'access-control-allow-origin': friend,
        'access-control-expose-headers':
          'X-Request-Id, Retry-After, RateLimit-Policy, RateLimit, Cache-Status, ETag, Idempotent-Replayed, Mcp-Session-Id',
        vary: 'Origin, Accept, Authorization, Cookie, X-API-Key, X-Workspace',
      },
    ]);
    const refused = await ask(friend, {});
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, friend]);
    const evil = await ask('https://evil.example', key);
    expect(evil.headers.has('access-control-allow-origin')).toBe(false);
    expect(evil.headers.get('vary')).toContain('Origin');
  });

  it('by default nobody; all only where callers log in, and never with cookies', async () => {
    const wrong = (environment: Record<string, string>) => () => readConfig(environment);
    expect(readConfig({}).CORS_ORIGINS).toEqual([]);
    expect(wrong({ CORS_ORIGINS: '*' })).toThrow('lets every web page read everything');
    expect(wrong({ CORS_ORIGINS: 'https://a.example/path' })).toThrow('is no origin');
    expect(wrong({ CORS_ORIGINS: 'a.example' })).toThrow('is no origin');
    const all = await startTestApp({ environment: { API_KEYS_FILE: keys.file, CORS_ORIGINS: '*' } });
    try {
      const { headers } = await fetch(`${all.url}/graphql?query={__typename}`, {
        headers: { origin: 'https://any.example', ...key },
      });
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.has('access-control-allow-credentials')).toBe(false);
    } finally {
      await all.close();
    }
  });
});

describe('what any page can send without asking changes nothing (CSRF)', () => {
  const mutation = 'mutation { triggerIngest { runs { id } } }';
  const forms: readonly [string, Record<string, string>, string][] = [
    [
      'urlencoded',
      { 'content-type': 'application/x-www-form-urlencoded' },
      `query=${encodeURIComponent(mutation)}`,
    ],
    ['plain text', { 'content-type': 'text/plain' }, JSON.stringify({ query: mutation })],
    [
      'multipart',
      { 'content-type': 'multipart/form-data; boundary=x' },
      `--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n{"query":"${mutation}"}\r\n--x--\r\n`,
    ],
    ['no type', {}, JSON.stringify({ query: mutation })],
  ];

  it.each(forms)('a form post: %s', async (_, headers, body) => {
    for (const path of ['/graphql', '/events', '/ingest/events']) {
      const response = await fetch(app.url + path, {
        method: 'POST',
        headers: { ...key, ...headers },
        body: Buffer.from(body),
      });
      expect([path, response.status]).toEqual([path, 415]);
      await response.arrayBuffer();
    }
    expect(app.sourceRequests).toEqual([]);
  });

  it('a mutation by GET', async () => {
    const response = await fetch(`${app.url}/graphql?query=${encodeURIComponent(mutation)}`, {
      headers: key,
    });
    expect([response.status, await response.json()]).toMatchObject([405, { errors: [{}] }]);
    expect(app.sourceRequests).toEqual([]);
  });

  it('several operations in one request', async () => {
    const response = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...key },
      body: JSON.stringify([{ query: '{ __typename }' }, { query: '{ __typename }' }]),
    });
    expect(response.status).toBe(400);
  });
});

describe('documents made to cost', () => {
  const times = (count: number, text: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => text(index)).join(' ');
  const nodes = (fields: string): string =>
    `{ metrics(dateRange: { preset: YESTERDAY }) { nodes { ${fields} } } }`;
  it.each([
    ['101 aliases of __typename', `{ ${times(101, (index) => `a${index}: __typename`)} }`, /root/],
    [
      '101 of them further down',
      nodes(times(101, (index) => `a${index}: __typename`)),
      /more than 100 aliases of __typename/,
    ],
    ['50 times one directive', nodes(`cost ${'@include(if: true) '.repeat(50)}`), /can only be used once/],
    ['50 unknown directives', nodes(`cost ${'@aa '.repeat(50)}`), /Unknown directive/],
    [
      'circular fragments',
      '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
      /within itself/,
    ],
  ])('%s', async (_, document, message) => {
    const { data, errors } = await app.query(document, {}, key);
    expect([data ?? null, errors?.[0]?.message]).toEqual([null, expect.stringMatching(message)]);
  });

  it('100 aliases of one field pass', async () => {
    const { errors } = await app.query(nodes(times(100, (index) => `a${index}: __typename`)), {}, key);
    expect(errors).toBeUndefined();
  });
});

describe('requests made to hold or to confuse the server', () => {
  it('10 MB to /graphql: 413 before they are sent, and the connection ends', async () => {
    const size = 10_000_000;
    let sent = 0;
    const answer = await sendRaw(
      app.url,
      `POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: ${key.authorization}\r\nContent-Type: application/json\r\nContent-Length: ${size}\r\n\r\n`,
      {
        onConnect(socket) {
          const chunk = ' '.repeat(50_000);
          const timer = setInterval(() => {
            if (!socket.writable) return clearInterval(timer);
            socket.write(chunk);
            sent += chunk.length;
          }, 20);
          socket.once('close', () => clearInterval(timer));
        },
      },
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 [\s\S]*\r\nconnection: close\r\n/i);
    expect(sent).toBeLessThan(size / 2);
  });

  it('headers of more than 16 KB: 431', async () => {
    const answer = await sendRaw(
      app.url,
      `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  it.each([
    ['a bare line feed', 'X-Request-Id: a\nSet-Cookie: b=c'],
    ['a bare carriage return', 'X-Request-Id: a\rSet-Cookie: b=c'],
    ['a NUL', 'X-Request-Id: a\0b'],
    ['a terminal’s escape', 'X-Request-Id: \u001b[2Jcleared'],
    ['two lengths', 'Content-Length: 1\r\nContent-Length: 2'],
    ['a length and chunks', 'Content-Length: 1\r\nTransfer-Encoding: chunked'],
  ])('%s in the headers: 400', async (_, header) => {
    const answer = await sendRaw(app.url, `POST /login HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).not.toMatch(/set-cookie/i);
  });

  it.each([
    'a%0d%0aSet-Cookie:b=c',
    '{"level":50,"msg":"forged"}',
  ])('a request id that would forge headers or logs is not taken over: %j', async (id) => {
    const answer = await sendRaw(
      app.url,
      `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${id}\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/\r\nX-Request-Id: [0-9a-f-]{36}\r\n/);
    expect(answer).not.toMatch(/set-cookie/i);
  });

  it.each([
    '/../../etc/passwd',
    '/graphql/../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '//evil.example/graphql',
  ])('there are no files to climb to: %s', async (path) => {
    const answer = await sendRaw(app.url, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  });
});

describe('slow callers', () => {
  const routes: Route[] = [
    {
      method: 'POST',
      path: '/whole',
      access: 'everybody',
      async handle(request, response) {
        for await (const _ of request);
        void response.end();
      },
    },
    {
      method: 'GET',
      path: '/quick',
      access: 'everybody',
      handle: (_, response) => void response.end(),
    },
  ];
  const start = (connections: Partial<ConnectionLimits>) => {
    const gate = testGate();
    return listen({
      host: '127.0.0.1',
      port: 0,
      logger: silent,
      telemetry: createTelemetry(),
      routes,
      ...gate,
      connections: { ...gate.connections, ...connections },
    });
  };
  /** A clock that is slow where the machine is: the most bytes that one connection has dribbled. */
  let mostDribbled = 0;
  const dribble = (socket: Socket): void => {
    let dribbled = 0;
    const timer = setInterval(() => {
      if (!socket.writable) return;
      socket.write('a');
      mostDribbled = Math.max(mostDribbled, ++dribbled);
    }, 20);
    socket.once('close', () => clearInterval(timer));
  };

  it('whose headers or bodies dribble are ended in time, while others are served', async () => {
    const http = await start({ headersMs: 300, checkMs: 50, bodyMs: 300 });
    try {
      const slow = [
        ...Array.from({ length: 20 }, () =>
          sendRaw(http.url, 'GET /quick HTTP/1.1\r\nHost: x\r\nX-Slow: ', { onConnect: dribble }),
        ),
        sendRaw(http.url, 'POST /whole HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n', {
          onConnect: dribble,
        }),
      ];
      expect((await fetch(`${http.url}/quick`)).status).toBe(200);
      const answers = await Promise.all(slow);
      // 300 ms are 15.
      expect(mostDribbled).toBeLessThan(150);
      expect(answers.slice(0, 20).every((answer) => answer.startsWith('HTTP/1.1 408'))).toBe(true);
      expect(answers[20]).toBe('');
    } finally {
      await http.close(1_000);
    }
  });

  it('connections beyond the most are closed at once', async () => {
    const http = await start({ most: 2 });
    try {
      const { hostname, port } = new URL(http.url);
      const held = [connect(Number(port), hostname), connect(Number(port), hostname)];
      await Promise.all(held.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
      expect(await sendRaw(http.url, 'GET /quick HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('');
      for (const socket of held) socket.destroy();
      await vi.waitFor(async () => expect((await fetch(`${http.url}/quick`)).status).toBe(200));
    } finally {
      await http.close(1_000);
    }
  });

  it('a push that dribbles is refused, however long it may last', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const answer = await sendRaw(
        app.url,
        `POST /ingest/events HTTP/1.1\r\nHost: x\r\nAuthorization: ${key.authorization}\r\nContent-Type: application/x-ndjson\r\nContent-Length: 100000\r\n\r\n`,
        {
          until: /\r\n\r\n/,
          onConnect(socket) {
            const timer = setInterval(() => {
              if (!socket.writable) return;
              socket.write(' ');
              vi.advanceTimersByTime(5_000);
            }, 20);
            socket.once('close', () => clearInterval(timer));
          },
        },
      );
      expect(answer).toMatch(/^HTTP\/1\.1 408 /);
      expect(answer).toContain('more slowly than 100 bytes/s');
    } finally {
      vi.useRealTimers();
    }
  });
});
