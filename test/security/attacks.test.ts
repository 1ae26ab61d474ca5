import { readFile } from 'node:fs/promises';
import { parse, visit } from 'graphql';
import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bind, identifier, sql } from '../../src/clickhouse/sql.ts';
import { createLogger } from '../../src/logger.ts';
import { adsFeed, startTestApp, type TestApp } from '../support/app.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';
import { redirect, type SourceServer, startSourceServer, status } from '../support/source-server.ts';
import { textArguments } from '../support/text-arguments.ts';
import { type Ask, type Reply, send, sendRaw } from './send.ts';

const secret = 'a secret of at least thirty-two bytes';
const issuer = 'https://issuer.example';
const run = '019837c2-1b6e-7000-8000-000000000000';
const foreignMark = 'foreign7319';
const lines: string[] = [];

let keys: TestKeys;
let app: TestApp;
/** Where nobody logs in. */
let open: TestApp;
let inside: SourceServer;
let viewer: Record<string, string>;
let admin: Record<string, string>;
let foreign: { runId: string; rejectId: string };

beforeAll(async () => {
  keys = await makeKeys();
  viewer = await keys.create({ role: 'viewer', workspace: ['default'] });
  admin = await keys.create({ role: 'admin', workspace: ['default'] });
  const owner = await keys.create({ role: 'admin', workspace: ['acme'] });
  inside = await startSourceServer(status(200));
  app = await startTestApp({
    environment: {
      API_KEYS_FILE: keys.file,
      JWT_SECRET: secret,
      JWT_ISSUER: issuer,
      JWT_AUDIENCE: 'utmql',
      INTROSPECTION_ROLES: 'admin',
      RESPONSE_CACHE_TTL_MS: '0',
    },
    headers: admin,
    logger: createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } }),
  });
  open = await startTestApp();
  const { data } = await app.query(
    `mutation { ingestAdPerformance(input: { records: [
      { date: "2025-08-01", campaignId: "${foreignMark}", channel: "google", clicks: 1, cost: 1 }
      { date: "${foreignMark}", campaignId: "${foreignMark}", channel: "google" } ] }) { runId rejects { id } } }`,
    {},
    owner,
  );
  const pushed = z
    .object({
      ingestAdPerformance: z.object({ runId: z.string(), rejects: z.array(z.object({ id: z.string() })) }),
    })
    .parse(data).ingestAdPerformance;
  foreign = { runId: pushed.runId, rejectId: pushed.rejects[0]?.id ?? '' };
});
afterAll(async () => {
  await app.close();
  await open.close();
  await inside.close();
  await keys.close();
});

interface Attack {
  readonly attack: string;
  /** Status and code; where a request is none of HTTP, what became of it. */
  readonly answer: string;
  readonly make: () => Promise<Reply | string> | Reply | string;
}

const token = (changes: { exp?: number; aud?: string; key?: string } = {}): Promise<string> =>
  new SignJWT({ role: 'admin', workspaces: 'default' })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject('ana')
    .setIssuer(issuer)
    .setAudience(changes.aud ?? 'utmql')
    .setExpirationTime(Math.floor(Date.now() / 1_000) + (changes.exp ?? 60))
    .sign(Buffer.from(changes.key ?? secret));
const bearer = (text: string): Record<string, string> => ({ authorization: `Bearer ${text}` });

const ask = (more: Ask): Promise<Reply> => send(app.url, more);
const query = (document: unknown, headers: Record<string, string> = viewer): Promise<Reply> =>
  ask({
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      ...headers,
    },
    body: JSON.stringify({ query: document }),
  });
const times = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');

const catalog = '{ metricCatalog { measures { name } } }';
const tile = 'metrics(dateRange: { preset: TODAY })';
const cancel = `mutation { cancelIngest(id: "${run}") { id } }`;
const form = 'application/x-www-form-urlencoded';

const attacks: readonly Attack[] = [
  { attack: 'No token', answer: '401 UNAUTHENTICATED', make: () => query(catalog, {}) },
  { attack: 'A token of nobody', answer: '401 UNAUTHENTICATED', make: () => query(catalog, bearer('x')) },
  {
    attack: 'An API key with a right id and a wrong secret',
    answer: '401 UNAUTHENTICATED',
    make: () => query(catalog, bearer(`${viewer.authorization?.slice(7, 24)}${'A'.repeat(43)}`)),
  },
  {
    attack: 'A token that has expired',
    answer: '401 UNAUTHENTICATED',
    make: async () => query(catalog, bearer(await token({ exp: -60 }))),
  },
  {
    attack: 'A token with `alg: none`',
    answer: '401 UNAUTHENTICATED',
    make: () =>
      query(
        catalog,
        bearer(
          new UnsecuredJWT({ role: 'admin', workspaces: '*' })
            .setSubject('ana')
            .setIssuer(issuer)
            .setAudience('utmql')
            .setExpirationTime('1m')
            .encode(),
        ),
      ),
  },
  {
    attack: 'A token that is signed with another secret',
    answer: '401 UNAUTHENTICATED',
    make: async () => query(catalog, bearer(await token({ key: secret.toUpperCase() }))),
  },
  {
    attack: 'A token for another audience',
    answer: '401 UNAUTHENTICATED',
    make: async () => query(catalog, bearer(await token({ aud: 'another' }))),
  },
  { attack: 'A viewer calls a mutation', answer: '403 FORBIDDEN', make: () => query(cancel) },
  {
    attack: 'A viewer hides a mutation in a fragment that is left out',
    answer: '403 FORBIDDEN',
    make: () =>
      query(
        `mutation { ...A @include(if: false) } fragment A on Mutation { cancelIngest(id: "${run}") { id } }`,
      ),
  },
  {
    attack: 'A viewer reads the audit log',
    answer: '403 FORBIDDEN',
    make: () => query('{ auditLog { totalCount } }'),
  },
  {
    attack: 'A viewer introspects the schema (`INTROSPECTION_ROLES=admin`)',
    answer: '403 FORBIDDEN',
    make: () => query('{ __schema { types { name } } }'),
  },
  {
    attack: 'A viewer reads `/schema.graphql` (`INTROSPECTION_ROLES=admin`)',
    answer: '403 FORBIDDEN',
    make: () => ask({ method: 'GET', path: '/schema.graphql', headers: viewer }),
  },
  ...['/graphql', '/ingest/ad-performance', '/ingest/opportunities', '/ingest/events', '/events'].map(
    (path): Attack => ({
      attack: `Another’s workspace in X-Workspace at ${path}`,
      answer: '403 FORBIDDEN',
      make: () =>
        ask({
          path,
          headers: { 'content-type': 'application/json', ...admin, 'x-workspace': 'acme' },
          body: JSON.stringify({ query: catalog }),
        }),
    }),
  ),
  {
    attack: 'The id of another workspace’s run, read',
    answer: '200 null',
    make: () => query(`{ ingestRun(id: "${foreign.runId}") { id } }`),
  },
  {
    attack: 'The id of another workspace’s run, cancelled',
    answer: '200 NOT_FOUND',
    make: () => query(`mutation { cancelIngest(id: "${foreign.runId}") { id } }`, admin),
  },
  {
    attack: 'The id of another workspace’s run, replayed',
    answer: '200 NOT_FOUND',
    make: () => query(`mutation { replayRun(id: "${foreign.runId}") { id } }`, admin),
  },
  {
    attack: 'The id of another workspace’s rejected record, retried',
    answer: '200',
    make: () =>
      query(`mutation { retryRejectedRecords(input: { ids: ["${foreign.rejectId}"] }) { accepted } }`, admin),
  },
  {
    attack: 'A form that another site posts (CSRF)',
    answer: '415 BAD_USER_INPUT',
    make: () =>
      ask({ headers: { ...admin, 'content-type': form }, body: `query=${encodeURIComponent(cancel)}` }),
  },
  {
    attack: 'Plain text that another site posts (CSRF)',
    answer: '415 BAD_USER_INPUT',
    make: () =>
      ask({ headers: { ...admin, 'content-type': 'text/plain' }, body: JSON.stringify({ query: cancel }) }),
  },
  {
    attack: 'The login’s cookie, from another site (CSRF)',
    answer: '401 UNAUTHENTICATED',
    make: () =>
      query(cancel, {
        cookie: `utmql_key=${admin.authorization?.slice(7)}`,
        'sec-fetch-site': 'cross-site',
        origin: 'https://evil.example',
      }),
  },
  {
    attack: 'A page whose own name leads to this machine, where nobody logs in (DNS rebinding)',
    answer: '403 FORBIDDEN',
    make: () =>
      send(open.url, {
        headers: { 'content-type': 'application/json', host: 'evil.example' },
        body: JSON.stringify({ query: cancel }),
      }),
  },
  {
    attack: 'A mutation by GET',
    answer: '405 BAD_REQUEST',
    make: () => ask({ method: 'GET', path: `/graphql?query=${encodeURIComponent(cancel)}`, headers: admin }),
  },
  {
    attack: '3,000 fields below each other',
    answer: '400 QUERY_TOO_COMPLEX',
    make: () => query(`${'{ a '.repeat(3_000)}${'}'.repeat(3_000)}`),
  },
  {
    attack: '6,000 fields beside each other',
    answer: '400 QUERY_TOO_COMPLEX',
    make: () => query(`{ ${tile} { nodes { ${'clicks '.repeat(6_000)} } } }`),
  },
  {
    attack: '101 aliases of `__typename`',
    answer: '400 QUERY_TOO_COMPLEX',
    make: () => query(`{ ${times(101, (index) => `a${index}: __typename`)} }`),
  },
  {
    attack: '50 duplicated directives',
    answer: '400 GRAPHQL_VALIDATION_FAILED',
    make: () => query(`{ __typename ${'@include(if: true) '.repeat(50)} }`),
  },
  {
    attack: '1,000 directives',
    answer: '400 QUERY_TOO_COMPLEX',
    make: () => query(`{ __typename ${'@include(if: true) '.repeat(1_000)} }`),
  },
  {
    attack: 'Fragments in a circle',
    answer: '400 GRAPHQL_VALIDATION_FAILED',
    make: () => query('{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }'),
  },
  {
    attack: 'Fragments that double thirty times',
    answer: '400 QUERY_TOO_COMPLEX',
    make: () =>
      query(
        `{ ...F0 } ${times(30, (index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`)} fragment F30 on Query { __typename }`,
      ),
  },
  {
    attack: 'Ten levels of subtotals in each of 50 tiles of one row',
    answer: '400 QUERY_TOO_COMPLEX',
    make: () =>
      query(
        `{ ${times(50, (index) => `t${index}: metrics(dateRange: { preset: TODAY }, groupBy: [CHANNEL], first: 1) { subtotals(by: [${times(10, () => '[CHANNEL]')}]) { nodes { cost } } }`)} }`,
      ),
  },
  {
    attack: '1,600 fields that do not exist',
    answer: '400 GRAPHQL_VALIDATION_FAILED',
    make: () => query(`{ ${tile} { nodes { ${times(1_600, (index) => `x${index}(a: 1)`)} } } }`),
  },
  {
    attack: 'A megabyte of wrong values in a variable',
    answer: '200 BAD_USER_INPUT',
    async make() {
      const reply = await ask({
        headers: {
          'content-type': 'application/json',
          accept: 'application/graphql-response+json',
          ...viewer,
        },
        body: JSON.stringify({
          query: `query ($by: [Dimension!]!) { metrics(dateRange: { preset: TODAY }, groupBy: $by) { totals { cost } } }`,
          variables: { by: Array<string>(200_000).fill('x') },
        }),
      });
      return reply.body.length < 60_000 ? reply : `${reply.body.length} bytes`;
    },
  },
  {
    attack: 'A batch of ten operations',
    answer: '400 BAD_USER_INPUT',
    make: () =>
      ask({
        headers: { 'content-type': 'application/json', ...viewer },
        body: JSON.stringify(Array.from({ length: 10 }, () => ({ query: catalog }))),
      }),
  },
  {
    attack: 'A body of 10 MB',
    answer: '413 BAD_USER_INPUT',
    make: () => query(`{ __typename } # ${'x'.repeat(10_485_760)}`),
  },
  {
    attack: 'An event of 10 MB',
    answer: '413 TOO_LARGE',
    make: () =>
      ask({
        path: '/events',
        headers: { 'content-type': 'application/json', ...admin },
        body: JSON.stringify({ message: 'x'.repeat(10_485_760) }),
      }),
  },
  {
    attack: '200 connections that never end their headers (slowloris)',
    answer: 'others are answered',
    async make() {
      const held = Array.from({ length: 200 }, () =>
        sendRaw(app.url, 'POST /graphql HTTP/1.1\r\nHost: x\r\nX-A: '),
      );
      const started = performance.now();
      const { status: health } = await ask({ method: 'GET', path: '/healthz' });
      const isQuick = performance.now() - started < 1_000;
      const got = await Promise.all(held);
      return health === 200 && isQuick && got.every((text) => !text.includes(' 200 '))
        ? 'others are answered'
        : 'held up';
    },
  },
  {
    attack: 'A line end in X-Request-Id (header and log injection)',
    answer: '400',
    async make() {
      const got = await sendRaw(
        app.url,
        'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-Id: a\rSet-Cookie: evil=1\r\n\r\n',
      );
      return got.includes('evil') ? got : (/^HTTP\/1\.1 (\d+)/.exec(got)?.[1] ?? 'no answer');
    },
  },
  {
    attack: 'A forged log line in the path and in X-Request-Id (log injection)',
    answer: '404 NOT_FOUND',
    async make() {
      const forged = '"}%0a{"level":60,"msg":"forged"}';
      const before = lines.length;
      const reply = await ask({
        method: 'GET',
        path: `/${encodeURI(forged)}`,
        headers: { 'x-request-id': '{"msg":"forged"}' },
      });
      // The line is written when the connection is done with.
      await new Promise((resolve) => setTimeout(resolve, 50));
      for (const line of lines.slice(before)) expect(JSON.parse(line)).not.toMatchObject({ msg: 'forged' });
      return reply;
    },
  },
  ...[
    '/../../etc/passwd',
    '/graphql/../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/..%5c..%5cetc/passwd',
  ].map(
    (path): Attack => ({
      attack: `The path \`${path}\``,
      answer: '404 NOT_FOUND',
      make: () => ask({ method: 'GET', path }),
    }),
  ),
  {
    attack: 'A path for the id of a persisted document',
    answer: '400 PERSISTED_QUERY_NOT_FOUND',
    make: () =>
      ask({
        headers: { 'content-type': 'application/json', ...viewer },
        body: JSON.stringify({ documentId: '../../../../etc/passwd' }),
      }),
  },
  {
    attack: 'A path for the id of a run',
    answer: '200 BAD_USER_INPUT',
    make: () => query('{ ingestRun(id: "../../etc/passwd") { id } }'),
  },
  {
    attack: 'A path for the name of a source',
    answer: '200 BAD_USER_INPUT',
    make: () =>
      query('mutation { triggerIngest(input: { sources: ["../../etc/passwd"] }) { runs { id } } }', admin),
  },
  {
    attack: 'SQL in every text of every argument',
    answer: 'a text like any other',
    async make() {
      const harmless = new Set(['BAD_USER_INPUT', 'NOT_FOUND', 'IDEMPOTENCY_KEY_REUSED']);
      for (const { title, document, variables } of textArguments()) {
        for (const text of [
          "' OR 1=1 --",
          "'); DROP TABLE ad_performance; --",
          "\\' UNION ALL SELECT 1 --",
        ]) {
          const { errors = [] } = await app.query(document, variables(text));
          const wrong = errors.find(({ extensions }) => !harmless.has(extensions.code));
          if (wrong) return `${title}: ${wrong.extensions.code} ${wrong.message}`;
        }
      }
      return 'a text like any other';
    },
  },
  {
    attack: 'A source redirects into the network (SSRF)',
    answer: 'SOURCE_REFUSED, and nothing is asked there',
    async make() {
      app.answer({ ads: redirect(`${inside.url}/latest/meta-data`) });
      const [pulled] = await app.pull(', sources: ["ads"]');
      app.answer({ ads: adsFeed([]) });
      const { code } = z.object({ error: z.object({ code: z.string() }) }).parse(pulled).error;
      return `${code}, and ${inside.requests.length === 0 ? 'nothing' : 'something'} is asked there`;
    },
  },
];

const shape = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z.array(z.object({ extensions: z.object({ code: z.string() }) })).optional(),
  error: z.union([z.string(), z.object({ code: z.string() })]).optional(),
});

function shown(reply: Reply | string): string {
  if (typeof reply === 'string') return reply;
  let text: unknown;
  try {
    text = JSON.parse(reply.body);
  } catch {
    return String(reply.status);
  }
  const { data, errors, error } = shape.parse(text);
  const code = errors?.[0]?.extensions.code ?? (typeof error === 'object' ? error.code : '');
  const isNull = code === '' && data !== null && data !== undefined && Object.values(data)[0] === null;
  return `${reply.status} ${isNull ? 'null' : code}`.trim();
}

const countRow = z.object({ n: z.number() });

/** How many rows there are of what an attack could add to or delete. */
async function fingerprint(): Promise<unknown> {
  const counts: Record<string, number | undefined> = {};
  for (const table of ['ad_performance', 'opportunities', 'rejected_records']) {
    const rows = await app.store.select(
      countRow,
      sql`SELECT count() AS n FROM ${identifier(table)} FINAL WHERE workspace = ${bind('String', 'acme')}`,
    );
    counts[table] = rows[0]?.n;
  }
  return counts;
}

describe('attacks and their answers', () => {
  it.each(attacks)('$attack → $answer', async ({ answer, make }) => {
    const before = await fingerprint();
    const reply = await make();
    expect(shown(reply)).toBe(answer);
    const text = typeof reply === 'string' ? reply : `${JSON.stringify(reply.headers)}${reply.body}`;
    expect(text).not.toMatch(new RegExp(`root:|SELECT |FROM |node_modules|${foreignMark}|\\bat .+\\.ts:`));
    expect(await fingerprint()).toEqual(before);
  }, 60_000);
});

it('no argument names a workspace: it comes from the key', async () => {
  const given: string[] = [];
  visit(parse(await readFile('schema/schema.graphql', 'utf8')), {
    InputValueDefinition: ({ name }) => void given.push(name.value),
  });
  expect(given.length).toBeGreaterThan(100);
  expect(given.filter((name) => /workspace/i.test(name))).toEqual([]);
});

it('SECURITY.md holds the same rows', async () => {
  const table = [
    '| Attack | Answer |',
    '|---|---|',
    ...attacks.map(({ attack, answer }) => `| ${attack} | ${answer} |`),
  ].join('\n');
  process.stdout.write(`${table}\n`);
  expect(await readFile('SECURITY.md', 'utf8')).toContain(`${table}\n`);
});
