import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ErrorCode,
  type ErrorCodeInfo,
  errorCodes,
  graphqlRequestCode,
  isPassing,
} from '../../src/error-codes.ts';
import { UtmqlError, unexpected } from '../../src/errors.ts';
import { answerGraphqlError } from '../../src/http/error-answers.ts';
import type { Route } from '../../src/http/route.ts';
import { type HttpServer, listen } from '../../src/http/server.ts';
import { createLimits } from '../../src/limits/limits.ts';
import { createTelemetry } from '../../src/telemetry.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { silent } from '../support/database.ts';
import { testGate } from '../support/gate.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';

const json = { 'content-type': 'application/json' };

interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

async function ask(url: string, { method = 'GET', headers = {}, body }: Asked = {}) {
  const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
  const text = await response.text();
  const allow = response.headers.get('allow');
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text), allow, response };
}

const plainly = (code: string) => ({ error: { code, message: expect.stringMatching(/\.$/) } });
const inGraphql = (code: string) => ({
  errors: [{ message: expect.stringMatching(/\.$/), extensions: { code } }],
});

describe('what the program answers', () => {
  let keys: TestKeys;
  let app: TestApp;
  let viewer: { authorization: string };
  let ingestor: { authorization: string };
  beforeAll(async () => {
    keys = await makeKeys();
    viewer = await keys.create({ role: 'viewer', workspace: ['default'] });
    ingestor = await keys.create({ role: 'ingestor', workspace: ['default'] });
    app = await startTestApp({ environment: { API_KEYS_FILE: keys.file } });
  });
  afterAll(async () => {
    await app.close();
    await keys.close();
  });

  it.each([
    ['/healthz', 'GET, HEAD'],
    ['/readyz', 'GET, HEAD'],
    ['/metrics', 'GET, HEAD'],
    ['/', 'GET, HEAD'],
    ['/login', 'GET, HEAD, POST'],
    ['/logout', 'POST'],
    ['/workspace', 'POST'],
    ['/events', 'POST'],
    ['/ingest/ad-performance', 'POST'],
    ['/ingest/opportunities', 'POST'],
    ['/ingest/events', 'POST'],
  ])('%s takes %s only: 405 with Allow', async (path, allowed) => {
    const answer = await ask(app.url + path, { method: 'PUT', body: 'x' });
    expect(answer).toMatchObject({ status: 405, allow: allowed, body: plainly('METHOD_NOT_ALLOWED') });
    const head = await fetch(app.url + path, { method: 'HEAD', redirect: 'manual' });
    expect(head.status === 405).toBe(!allowed.includes('HEAD'));
    if (head.status === 405) expect(head.headers.get('allow')).toBe(allowed);
  });

  it.each(['PUT', 'DELETE', 'HEAD', 'OPTIONS'])('/graphql takes no %s', async (method) => {
    const answer = await ask(`${app.url}/graphql?query={__typename}`, { method, headers: viewer });
    expect(answer).toMatchObject({ status: 405, allow: 'GET, POST' });
    expect(answer.body).toEqual(method === 'HEAD' ? undefined : inGraphql('BAD_REQUEST'));
  });

  it('a mutation by GET is 405, too', async () => {
    const mutation = encodeURIComponent('mutation { triggerIngest { runs { id } } }');
    const answer = await ask(`${app.url}/graphql?query=${mutation}`, { headers: viewer });
    expect(answer).toMatchObject({ status: 405, allow: 'POST', body: inGraphql('BAD_REQUEST') });
  });

  const pushed = '/ingest/events';
  it.each<[string, string, Asked, number, string]>([
    ['an unknown path', '/nothing', {}, 404, 'NOT_FOUND'],
    ['a body to an unknown path', '/nothing', { method: 'POST', body: 'x' }, 404, 'NOT_FOUND'],
    ['nobody', pushed, { method: 'POST' }, 401, 'UNAUTHENTICATED'],
    ['nobody, for metrics', '/metrics', {}, 401, 'UNAUTHENTICATED'],
    ['a viewer who pushes', pushed, { method: 'POST', headers: { key: 'viewer' } }, 403, 'FORBIDDEN'],
    ['a viewer at metrics', '/metrics', { headers: { key: 'viewer' } }, 403, 'FORBIDDEN'],
    [
      'a workspace of others',
      pushed,
      { method: 'POST', headers: { key: 'ingestor', 'x-workspace': 'other' } },
      403,
      'FORBIDDEN',
    ],
    [
      'a form',
      pushed,
      { method: 'POST', headers: { key: 'ingestor', 'content-type': 'text/plain' }, body: 'a' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'an unknown parameter',
      `${pushed}?decimals=2`,
      { method: 'POST', headers: { key: 'ingestor', ...json }, body: '[]' },
      400,
      'BAD_USER_INPUT',
    ],
    [
      'too long an event',
      '/events',
      { method: 'POST', headers: { key: 'ingestor', ...json }, body: `"${'x'.repeat(70_000)}"` },
      413,
      'TOO_LARGE',
    ],
  ])('%s', async (_, path, asked, status, code) => {
    const answer = await ask(app.url + path, withKey(asked));
    expect(answer).toMatchObject({ status, body: plainly(code), allow: null });
  });

  it.each<[string, string, Asked, number, string]>([
    ['nobody', '?query={__typename}', {}, 401, 'UNAUTHENTICATED'],
    [
      'a form',
      '',
      { method: 'POST', headers: { key: 'viewer', 'content-type': 'text/plain' }, body: 'a' },
      415,
      'BAD_USER_INPUT',
    ],
    [
      'too long a body',
      '',
      { method: 'POST', headers: { key: 'viewer', ...json }, body: 'x'.repeat(1_100_000) },
      413,
      'BAD_USER_INPUT',
    ],
    [
      'no JSON',
      '',
      { method: 'POST', headers: { key: 'viewer', ...json }, body: '{' },
      400,
      'BAD_USER_INPUT',
    ],
    ['a field of admins', '?query={auditLog{nodes{at}}}', { headers: { key: 'viewer' } }, 403, 'FORBIDDEN'],
    [
      'a picture, please',
      '?query={__typename}',
      { headers: { key: 'viewer', accept: 'image/png' } },
      406,
      'NOT_ACCEPTABLE',
    ],
  ])('GraphQL: %s', async (_, search, asked, status, code) => {
    const answer = await ask(`${app.url}/graphql${search}`, withKey(asked));
    expect(answer).toMatchObject({ status, body: inGraphql(code), allow: null });
  });

  const withKey = ({ headers: { key, ...headers } = {}, ...asked }: Asked): Asked => ({
    ...asked,
    headers: { ...headers, ...(key === 'viewer' ? viewer : key === 'ingestor' ? ingestor : {}) },
  });

  it('an unknown path leaves the connection open', async () => {
    expect((await ask(`${app.url}/nothing`)).response.headers.get('connection')).toBe('keep-alive');
  });
});

describe('what a route throws', () => {
  const known = Object.keys(errorCodes) as ErrorCode[];
  const thrower = (code: string) => {
    const found = known.find((each) => each === code);
    return (): never => {
      if (found === undefined) throw new Error('SELECT secret');
      throw new UtmqlError(found, 'Something to change.', { cause: new Error('SELECT secret') });
    };
  };
  const routes = [...known, 'bug'].flatMap((code): Route[] => [
    { method: 'GET', path: `/${code}`, access: 'everybody', handle: thrower(code) },
    {
      method: 'GET',
      path: `/graphql/${code}`,
      access: 'everybody',
      handle: thrower(code),
      answerError: answerGraphqlError,
    },
  ]);
  let server: HttpServer;
  beforeAll(async () => {
    const limits = createLimits(
      { requestsPerMinute: 1, pushesPerMinute: 1, costPerMinute: 1, concurrency: 1 },
      () => undefined,
    );
    const { gate, ...rest } = testGate();
    server = await listen({
      host: '127.0.0.1',
      port: 0,
      logger: silent,
      telemetry: createTelemetry(),
      routes: [
        ...routes,
        {
          method: 'GET',
          path: '/limited',
          access: 'read',
          handle: (_request, response) => void response.end(),
        },
      ],
      ...rest,
      gate: { ...gate, limits },
    });
  });
  afterAll(() => server.close(1_000));

  it.each(known)('%s has the status of its table, and Retry-After where it passes', async (code) => {
    for (const [path, body] of [
      [`/${code}`, plainly(code)],
      [`/graphql/${code}`, inGraphql(graphqlRequestCode(code))],
    ] as const) {
      const answer = await ask(server.url + path);
      const { status = 500 }: ErrorCodeInfo = errorCodes[code];
      expect(answer).toMatchObject({ status, body });
      expect(answer.response.headers.get('retry-after')).toBe(isPassing(code) ? '5' : null);
    }
  });

  it('a mistake in the program is 500, and told to nobody', async () => {
    expect(await ask(`${server.url}/bug`)).toMatchObject({
      status: 500,
      body: { error: { code: 'INTERNAL', message: unexpected } },
    });
    expect(await ask(`${server.url}/graphql/bug`)).toMatchObject({
      status: 500,
      body: { errors: [{ message: unexpected, extensions: { code: 'INTERNAL' } }] },
    });
  });

  it('a limit that is used up is 429, with the seconds until it is not', async () => {
    expect((await fetch(`${server.url}/limited`)).status).toBe(200);
    const answer = await ask(`${server.url}/limited`);
    expect(answer).toMatchObject({ status: 429, body: plainly('RATE_LIMITED') });
    expect(Number(answer.response.headers.get('retry-after'))).toBeGreaterThan(5);
  });
});
