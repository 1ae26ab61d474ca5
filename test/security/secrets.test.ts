import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { startApp } from '../../src/app.ts';
import { sql } from '../../src/clickhouse/sql.ts';
import { readConfig } from '../../src/config/config.ts';
import { createLogger } from '../../src/logger.ts';
import { systemClock } from '../../src/time.ts';
import { crmFeed, startTestApp, type TestApp } from '../support/app.ts';
import { runProgram } from '../support/child-program.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';
import {
  type Behaviour,
  refusedUrl,
  type SourceServer,
  startSourceServer,
} from '../support/source-server.ts';

/** What must be found nowhere. The name says where it was put. */
const secrets = {
  clickhousePassword: 'planted-clickhouse-7319',
  queryToken: 'planted-query-7319',
  userinfo: 'planted-userinfo-7319',
  header: 'planted-header-7319',
  bearer: 'planted-bearer-7319',
  oauthSecret: 'planted-oauth-7319',
  accessToken: 'planted-access-7319',
  contactKey: 'planted-contact-7319',
  jwtSecret: 'planted-jwt-secret-7319-at-least-32-bytes',
  wrongKey: `utmql_0123456789_${'p'.repeat(43)}`,
  wrongToken: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJwbGFudGVkIn0.planted7319',
  address: 'planted.person@example.com',
  otherAddress: 'planted.extra@example.com',
} as const;

const printed: string[] = [];
const note = (text: string): void => void printed.push(text);

let folder: string;
let keys: TestKeys;
let source: SourceServer;
let app: TestApp;
let admin: { authorization: string };

/** Says everything that it was told, as broken gateways do. */
const echo =
  (status: number): Behaviour =>
  (request, response) => {
    response.writeHead(status, { 'content-type': 'text/plain', 'retry-after': '0' });
    response.end(`denied: ${request.url} ${JSON.stringify(request.headers)}`);
  };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-secrets-'));
  keys = await makeKeys();
  admin = await keys.create({ role: 'admin', workspace: ['default'] });
  source = await startSourceServer({
    '/401': echo(401),
    '/500': echo(500),
    '/malformed': echo(200),
    '/redirect': (request, response) =>
      void response
        .writeHead(302, {
          location: `http://other.invalid/?token=${secrets.queryToken}&h=${request.headers.authorization}`,
        })
        .end(),
    '/token': (_, response) =>
      void response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ access_token: secrets.accessToken, token_type: 'bearer', expires_in: 60 })),
    '/bad-token': echo(401),
    '/crm': crmFeed([
      {
        opportunity_id: 'O-1',
        contact_email: secrets.address,
        created_at: '2025-08-01',
        stage: 'lead',
        amount: 1,
        owner: secrets.otherAddress,
      },
      {
        opportunity_id: 'O-2',
        contact_email: secrets.address,
        created_at: 'never',
        stage: 'lead',
        amount: 1,
      },
    ]),
  });
  const away = await refusedUrl();
  const tls = source.url.replace('http:', 'https:');
  const entry = (name: string, url: string, more: string): string =>
    `  - { name: ${name}, kind: ad_performance, url: "${url}", attempts: 1, ${more} }\n`;
  const bearer = `auth: { bearer: "\${PLANTED_BEARER}" }, headers: { x-api-key: "\${PLANTED_HEADER}" }`;
  const oauth = (path: string): string =>
    `auth: { oauth2: { token_url: "${source.url}${path}", client_id: me, client_secret: "\${PLANTED_OAUTH}" } }`;
  const withToken = `${source.url.replace('://', `://me:${secrets.userinfo}@`)}`;
  await writeFile(
    join(folder, 'sources.yaml'),
    `sources:\n${entry('refuses', `${source.url}/401`, bearer)}${entry('breaks', `${source.url}/500`, bearer)}${entry('garbles', `${source.url}/malformed`, bearer)}${entry('leads', `${source.url}/redirect`, bearer)}${entry('away', `${away}/a`, bearer)}${entry('tls', `${tls}/a`, bearer)}${entry('oauth', `${source.url}/401`, oauth('/token'))}${entry('oauth_refused', `${source.url}/401`, oauth('/bad-token'))}  - { name: people, kind: opportunity, url: "${source.url}/crm", attempts: 1 }\n`,
  );
  app = await startTestApp({
    environment: {
      LOG_LEVEL: 'trace',
      API_KEYS_FILE: keys.file,
      JWT_SECRET: secrets.jwtSecret,
      JWT_ISSUER: 'https://issuer.example',
      JWT_AUDIENCE: 'utmql',
      SOURCES_FILE: join(folder, 'sources.yaml'),
      ADS_API_URL: `${withToken}/500?token=${secrets.queryToken}`,
      CRM_API_URL: `${withToken}/redirect?token=${secrets.queryToken}`,
      CONTACT_HASH_KEY: secrets.contactKey,
      PLANTED_BEARER: secrets.bearer,
      PLANTED_HEADER: secrets.header,
      PLANTED_OAUTH: secrets.oauthSecret,
    },
    headers: admin,
    logger: createLogger({ level: 'trace', destination: { write: note } }),
  });
}, 60_000);
afterAll(async () => {
  await app.close();
  await source.close();
  await keys.close();
  await rm(folder, { recursive: true, force: true });
});

/** Where a planted secret stands in what was printed. */
function found(): string[] {
  const all = { ...secrets, apiKey: admin.authorization.slice('Bearer '.length) };
  return Object.entries(all).flatMap(([name, value]) =>
    [value, encodeURIComponent(value), Buffer.from(value).toString('base64').slice(0, -4)].flatMap((form) =>
      printed.filter((text) => text.includes(form)).map((text) => `${name}: ${text.slice(0, 400)}`),
    ),
  );
}

const ask = async (path: string, init: RequestInit = {}): Promise<void> => {
  const response = await fetch(`${app.url}${path}`, init);
  note(JSON.stringify([...response.headers]));
  note(await response.text());
};

it('no source, however it fails, makes a secret appear in logs, runs, answers or metrics', async () => {
  const runs = await app.pull();
  expect(
    runs
      .filter(({ status }) => status === 'FAILED')
      .map(({ source: name }) => name)
      .sort(),
  ).toEqual(['ads', 'away', 'breaks', 'crm', 'garbles', 'leads', 'oauth', 'oauth_refused', 'refuses', 'tls']);
  note(JSON.stringify(runs));
  for (const table of [sql`ingest_runs`, sql`opportunities`, sql`audit_log`])
    note(JSON.stringify((await app.store.read(sql`SELECT * FROM ${table}`)).rows));
  await ask('/metrics', { headers: await keys.create({ role: 'admin', 'all-workspaces': true }) });
  await ask('/readyz', { headers: admin });
  await ask('/readyz');
  expect(found()).toEqual([]);
});

it('neither do callers who are refused, or ask what is wrong', async () => {
  const post = (body: string, headers: Record<string, string>): Promise<void> =>
    ask('/graphql', { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
  const query = JSON.stringify({ query: '{ nothing }' });
  for (const authorization of [
    `Bearer ${secrets.wrongKey}`,
    `Bearer ${secrets.wrongToken}`,
    secrets.wrongToken,
  ]) {
    await post(query, { authorization });
  }
  await post(query, { 'x-api-key': secrets.wrongKey });
  await post(query, { cookie: `utmql_key=${secrets.wrongKey}` });
  await post(query, admin);
  await post('{', admin);
  await ask(`/graphql?query={nothing}&key=${secrets.wrongKey}`, { headers: admin });
  await ask('/login', {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      origin: app.url,
      'sec-fetch-site': 'same-origin',
    },
    body: `key=${secrets.wrongKey}`,
  });
  expect(found()).toEqual([]);
});

it('neither does a ClickHouse that refuses the login', async () => {
  const login = inject('clickhouse');
  const config = readConfig({
    PORT: '0',
    DATA_DIR: folder,
    CLICKHOUSE_URL: login.url,
    CLICKHOUSE_USER: login.username,
    CLICKHOUSE_PASSWORD: secrets.clickhousePassword,
  });
  const logger = createLogger({ level: 'trace', destination: { write: note } });
  const error: unknown = await startApp({
    config,
    environment: {},
    logger,
    clock: systemClock,
    onLost: () => undefined,
  }).catch((thrown: unknown) => thrown);
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    note(`${cause.stack}\n${JSON.stringify(cause)}`);
  expect(String(error)).toContain('CLICKHOUSE_PASSWORD');
  expect(found()).toEqual([]);
});

it('neither does the program when it cannot start', async () => {
  const login = inject('clickhouse');
  const environments: Record<string, string>[] = [
    {
      ADS_API_URL: `ftp://me:${secrets.userinfo}@x/?token=${secrets.queryToken}`,
      JWT_SECRET: secrets.clickhousePassword,
      CONTACT_HASH_KEY: secrets.contactKey.slice(0, 8),
    },
    { CLICKHOUSE_URL: login.url, CLICKHOUSE_USER: 'nobody', CLICKHOUSE_PASSWORD: secrets.clickhousePassword },
  ];
  for (const environment of environments) {
    const program = runProgram({ LOG_LEVEL: 'trace', ...environment });
    expect(await program.ended).toBe(1);
    note(program.errors());
    note(program.output());
  }
  expect(found()).toEqual([]);
}, 60_000);
