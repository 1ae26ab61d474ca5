import { Writable } from 'node:stream';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sql } from '../../src/clickhouse/sql.ts';
import { everything } from '../../src/ingest/pull/trigger-input.ts';
import { createLogger } from '../../src/logger.ts';
import { createShareTokens } from '../../src/views/share-token.ts';
import { adsFeed, startTestApp, type TestApp } from '../support/app.ts';
import { idOf, makeKeys, type TestKeys } from '../support/keys.ts';
import { eventually } from '../support/push-records.ts';

const wiki = 'https://wiki.example.com';
const secret = 'a secret of at least thirty-two bytes';
const jwtSecret = 'another secret of at least 32 bytes';
const dayMs = 86_400_000;

let now = Date.UTC(2025, 7, 20, 12);
const clock = { now: () => now };
const lines: string[] = [];
const logger = createLogger({
  level: 'debug',
  destination: new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  }),
});

let keys: TestKeys;
let app: TestApp;
let admin: { authorization: string };
let viewer: { authorization: string };
let elsewhere: { authorization: string };

const environmentOf = (file: string): Record<string, string> => ({
  API_KEYS_FILE: file,
  JWT_SECRET: jwtSecret,
  JWT_ISSUER: 'issuer',
  JWT_AUDIENCE: 'utmql',
  SHARE_SECRET: secret,
  EMBED_ORIGINS: `${wiki}, http://localhost:8080`,
  LOGIN_FAILURES_PER_MINUTE: '1000',
  AUDIT_RETENTION_DAYS: '20000',
  TRUSTED_DOCUMENTS: 'only',
  PERSISTED_MANIFEST: new URL('manifests/shared.json', import.meta.url).pathname,
});

beforeAll(async () => {
  keys = await makeKeys();
  admin = await keys.create({ name: 'boss', role: 'admin', workspace: ['default'] });
  viewer = await keys.create({ name: 'ana', role: 'viewer', workspace: ['default'] });
  elsewhere = await keys.create({ role: 'admin', workspace: ['acme'] });
  app = await startTestApp({ environment: environmentOf(keys.file), clock, logger });
  await push(admin, '2025-08-18', 7);
  await push(elsewhere, '2025-08-18', 1_000);
});
afterAll(async () => {
  await app.close();
  await keys.close();
});

async function push(headers: Record<string, string>, date: string, cost: number): Promise<void> {
  const record = { date, campaign_id: 'C-1', channel: 'google_ads', clicks: 3, impressions: 9, cost };
  const response = await fetch(`${app.url}/ingest/ad-performance`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify([record]),
  });
  expect(response.status).toBe(200);
}

type Headers = Record<string, string>;
interface Question {
  readonly documentId: string;
  readonly variables?: unknown;
}

/** What the dashboard asks by the id of a document. */
async function call(
  documentId: string,
  variables: unknown,
  headers: Headers,
  to = app,
): Promise<Record<string, never>> {
  const response = await fetch(`${to.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ documentId, variables }),
  });
  const { data, errors } = (await response.json()) as {
    data?: Record<string, never>;
    errors?: { message: string; extensions: { code: string } }[];
  };
  if (errors?.[0]) throw new Error(`${errors[0].extensions.code} ${errors[0].message}`);
  return data ?? {};
}

let views = 0;
async function saveView(
  headers: Headers = admin,
  address = '/explore?range=last_7_days',
  to = app,
): Promise<string> {
  views += 1;
  const { saveView: saved } = (await call(
    'DashboardSaveView',
    { input: { name: `View ${views}`, address } },
    headers,
    to,
  )) as unknown as {
    saveView: { id: string };
  };
  return saved.id;
}

const lastDays = { range: { preset: 'LAST_7_DAYS' } };
const channels: Question = { documentId: 'ChannelPerformance', variables: lastDays };

async function share(
  options: {
    viewId?: string;
    questions?: readonly Question[];
    days?: number;
    by?: Headers;
    to?: TestApp;
  } = {},
): Promise<{ token: string; viewId: string }> {
  const { questions = [channels], days, by = admin, to = app } = options;
  const viewId = options.viewId ?? (await saveView(by, undefined, to));
  const input = { viewId, questions, ...(days !== undefined && { expiresInDays: days }) };
  const { shareView } = (await call('DashboardShareView', { input }, by, to)) as unknown as {
    shareView: { url: string };
  };
  const [, token = ''] = /^\/share\?t=([\w.-]+)$/.exec(shareView.url) ?? [];
  return { token, viewId };
}

const linksOf = async (viewId: string): Promise<{ id: string; createdBy: string; expiresAt: string }[]> =>
  ((await call('DashboardShareLinks', { viewId }, admin)) as unknown as { shareLinks: never[] }).shareLinks;

async function get(path: string, headers: Headers = {}, to = app) {
  const response = await fetch(to.url + path, { headers, redirect: 'manual' });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
const page = (token: string, headers: Headers = {}, to = app) =>
  get(`/share?t=${token}`, { accept: 'text/html', ...headers }, to);
const answer = (token: string, question: number | string = 0, headers: Headers = {}, to = app) =>
  get(`/share/answers?t=${token}&question=${question}`, headers, to);
const costIn = (text: string): number =>
  (JSON.parse(text) as { data: { metrics: { totals: { cost: number } } } }).data.metrics.totals.cost;
const gone = 'This link does not work, or no longer. Ask whoever sent it for another one.';
/** Fails unless a link shows nothing at all, in the same words whatever the reason. */
async function expectGone(token: string, to = app): Promise<void> {
  for (const found of [await page(token, {}, to), await answer(token, 0, {}, to)]) {
    expect([found.status, found.headers.get('cache-control')]).toEqual([404, 'no-store']);
    expect(found.text).toContain(gone);
    expect(found.text).not.toMatch(/cost|google_ads|View \d|utmql-session/);
  }
}

describe('a share link', () => {
  it('shows the page with the view alone, and the figures that its owner sees', async () => {
    const { token } = await share();
    const opened = await page(token);
    expect([
      opened.status,
      opened.headers.get('cache-control'),
      opened.headers.get('referrer-policy'),
    ]).toEqual([200, 'no-store', 'no-referrer']);
    const [, content = ''] = /name="utmql-session" content="([^"]*)"/.exec(opened.text) ?? [];
    const session = content.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code));
    expect(JSON.parse(session)).toEqual({
      share: {
        name: `View ${views}`,
        address: '/explore?range=last_7_days',
        documents: ['ChannelPerformance'],
      },
    });
    const { status, headers, text } = await answer(token);
    expect([status, headers.get('cache-control'), headers.get('referrer-policy')]).toEqual([
      200,
      'no-store',
      'no-referrer',
    ]);
    expect(JSON.parse(text)).toEqual({ data: await call(channels.documentId, channels.variables, admin) });
    expect(costIn(text)).toBe(7);
  });

  it('asks anew each time: figures follow the records, and relative days follow the calendar', async () => {
    const { token } = await share();
    await push(admin, '2025-08-19', 5);
    expect(costIn((await answer(token)).text)).toBe(12);
    const before = now;
    now += 8 * dayMs;
    expect(costIn((await answer(token)).text)).toBe(0);
    now = before;
    await push(admin, '2025-08-19', 0);
    expect(costIn((await answer(token)).text)).toBe(7);
  });

  it('stays as it was when its view changes', async () => {
    const { token, viewId } = await share();
    const name = `View ${views}`;
    await call(
      'DashboardSaveView',
      { input: { id: viewId, name: 'Other', address: '/?range=today' } },
      admin,
    );
    const { text } = await page(token);
    expect([text.includes(name), text.includes('Other')]).toEqual([true, false]);
    expect(costIn((await answer(token)).text)).toBe(7);
    await call('DashboardDeleteView', { id: viewId }, admin);
  });

  it('ends when it expires, is revoked or its view is deleted, and nothing tells which', async () => {
    const expiring = await share({ days: 2 });
    const revoked = await share();
    const deleted = await share();
    const other = await share({ viewId: deleted.viewId });
    const [link] = await linksOf(revoked.viewId);
    expect(link).toEqual({
      id: revoked.token.split('.')[0],
      createdBy: 'boss',
      createdAt: new Date(now).toISOString(),
      expiresAt: new Date(now + 30 * dayMs).toISOString(),
    });
    await call('DashboardRevokeShareLink', { id: link?.id }, admin);
    await expect(call('DashboardRevokeShareLink', { id: link?.id }, admin)).rejects.toThrow('NOT_FOUND');
    await call('DashboardDeleteView', { id: deleted.viewId }, admin);
    for (const { token } of [revoked, deleted, other]) await expectGone(token);

    const before = now;
    now += 2 * dayMs - 1_000;
    expect((await answer(expiring.token)).status).toBe(200);
    now += 1_000;
    await expectGone(expiring.token);
    expect(await linksOf(expiring.viewId)).toEqual([]);
    now = before;
  });

  it('is worth no more than the key of who made it', async () => {
    const revoked = await keys.create({ name: 'leaver', role: 'admin', workspace: ['default'] });
    const narrowed = await keys.create({ name: 'narrowed', role: 'admin', 'all-workspaces': true });
    const [first, second] = [await share({ by: revoked }), await share({ by: narrowed })];
    expect((await answer(first.token)).status).toBe(200);
    await keys.run(['revoke', idOf(revoked)]);
    const { readKeysFile, writeKeysFile } = await import('../../src/access/keys-file.ts');
    const stored = await readKeysFile(keys.file);
    await writeKeysFile(
      keys.file,
      stored.map((key) => (key.id === idOf(narrowed) ? { ...key, workspaces: ['acme'] } : key)),
    );
    now += 2_000;
    await expectGone(first.token);
    await expectGone(second.token);
  });

  it('that anybody could make, where nobody had to log in, ends once callers have to', async () => {
    const open = await startTestApp({
      environment: { SHARE_SECRET: secret, CLICKHOUSE_DATABASE: app.store.database },
      clock,
    });
    try {
      const { token } = await share({ by: {}, to: open });
      expect((await answer(token, 0, {}, open)).status).toBe(200);
      await expectGone(token);
      // Nor can it tell there whether a key of before still exists.
      await expectGone((await share()).token, open);
    } finally {
      await open.close();
    }
  });

  it('of somebody with a token outlives the token, and no longer than tokens are accepted', async () => {
    const jwt = await new SignJWT({ role: 'admin', workspaces: ['default'] })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('maria')
      .setIssuer('issuer')
      .setAudience('utmql')
      .setExpirationTime(now / 1_000 + 3_600)
      .sign(Buffer.from(jwtSecret));
    const { token } = await share({ by: { authorization: `Bearer ${jwt}` } });
    const before = now;
    now += 5 * dayMs;
    expect((await page(token)).status).toBe(200);
    now = before;
    const {
      JWT_SECRET: _,
      JWT_ISSUER: _issuer,
      JWT_AUDIENCE: _audience,
      ...others
    } = environmentOf(keys.file);
    const environment = { ...others, CLICKHOUSE_DATABASE: app.store.database };
    const later = await startTestApp({ environment, clock });
    try {
      await expectGone(token, later);
    } finally {
      await later.close();
    }
  });
});

describe('nothing else is shown, whatever is tried with a link:', () => {
  let token = '';
  beforeAll(async () => {
    ({ token } = await share({
      questions: [channels, { ...channels, variables: { range: { preset: 'TODAY' } } }],
    }));
  });

  it('another place than its questions have', async () => {
    expect(costIn((await answer(token, 1)).text)).toBe(0);
    for (const place of ['', '2', '9', '10', '-1', '0.5', '1e0', '00', ' 0', 'length', '__proto__', 'NaN']) {
      const { status, text } = await answer(token, encodeURIComponent(place));
      expect([place, status, text]).toEqual([
        place,
        404,
        '{"errors":[{"message":"This link answers the questions 0 to 1.","extensions":{"code":"NOT_FOUND"}}]}\n',
      ]);
    }
  });

  it('another document, other variables, another workspace, headers and cookies', async () => {
    const plain = (await answer(token)).text;
    const more = new URLSearchParams({
      documentId: 'DashboardViews',
      query: '{ savedViews { name } }',
      operationName: 'DashboardViews',
      variables: '{"range":{"preset":"LAST_90_DAYS"}}',
      extensions: '{"persistedQuery":{"version":1,"sha256Hash":"x"}}',
      workspace: 'acme',
    }).toString();
    expect((await answer(token, `0&${more}`)).text).toBe(plain);
    // The first of each counts.
    expect((await answer(token, '0&question=1&t=x')).text).toBe(plain);
    for (const headers of [
      { ...elsewhere, 'x-workspace': 'acme' },
      { 'x-api-key': elsewhere.authorization.slice(7) },
      { cookie: `utmql_key=${elsewhere.authorization.slice(7)}; utmql_workspace=acme` },
      { authorization: 'Bearer utmql_nonsense' },
      { 'x-workspace': '*' },
      { accept: 'text/event-stream' },
      { accept: 'text/html' },
      { accept: 'multipart/mixed' },
      { 'if-none-match': '*' },
      { range: 'bytes=0-1' },
    ]) {
      const { status, text } = await answer(token, 0, headers as Headers);
      expect([headers, status, text]).toEqual([headers, 200, plain]);
    }
    // Nor does it log anybody in.
    expect((await page(token)).headers.get('set-cookie')).toBeNull();
  });

  it('other methods', async () => {
    for (const path of [`/share?t=${token}`, `/share/answers?t=${token}&question=0`])
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
        const response = await fetch(app.url + path, {
          method,
          ...(method !== 'OPTIONS' && {
            body: '{"query":"{ savedViews { name } }"}',
            headers: { 'content-type': 'application/json' },
          }),
        });
        expect([method, response.status]).toEqual([method, 405]);
        expect(await response.text()).not.toContain('google_ads');
      }
  });

  it('other addresses', async () => {
    const refused = [
      '/graphql?query={savedViews{name}}&t=TOKEN',
      '/graphql?documentId=ChannelPerformance&t=TOKEN',
      '/?t=TOKEN',
      '/explore?t=TOKEN',
      '/records?t=TOKEN',
      '/ingestion?t=TOKEN',
      '/schema.graphql?t=TOKEN',
      '/metrics?t=TOKEN',
    ];
    for (const address of refused) {
      const path = address.replace('TOKEN', token);
      for (const headers of [
        {},
        { authorization: `Bearer ${token}` },
        { 'x-api-key': token },
        { cookie: `utmql_key=${token}` },
      ]) {
        const { status, text } = await get(path, { accept: 'text/html', ...headers } as Headers);
        expect([address, status, text.includes('utmql-session')]).toEqual([address, 401, false]);
      }
    }
    for (const path of [
      `/share/?t=${token}`,
      `/share/questions?t=${token}`,
      `/share/answers/0?t=${token}`,
      `/share/${token}`,
    ])
      expect((await get(path)).status).toBe(404);
    for (const path of ['/ingest/events', '/events']) {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const response = await fetch(`${app.url}${path}?t=${token}`, { method: 'POST', headers, body: '[]' });
      expect([path, response.status]).toEqual([path, 401]);
    }
  });

  it('a token that is changed anywhere, cut, doubled, forged or of another secret', async () => {
    const [id = '', expiry = '', signature = ''] = token.split('.');
    const [otherId = ''] = (await share()).token.split('.');
    const last = signature.at(-1) ?? '';
    // The last letter has two bits that mean nothing: another one stands for the same bytes.
    const twin = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const same = twin[twin.indexOf(last) ^ 1] ?? '';
    const forged = createShareTokens('some secret of more than 32 bytes!').sign({
      linkId: id,
      expiresAt: Number(expiry) * 1_000,
    });
    for (const wrong of [
      '',
      'x',
      id,
      `${id}.${expiry}`,
      `${id}.${expiry}.`,
      `${id}.${Number(expiry) + 1}.${signature}`,
      `${id}.0${expiry}.${signature}`,
      `${otherId}.${expiry}.${signature}`,
      `${id.toUpperCase()}.${expiry}.${signature}`,
      `${id}.${expiry}.${signature.slice(0, -1)}`,
      `${id}.${expiry}.${signature.slice(0, -1)}${same}`,
      `${id}.${expiry}.${signature}=`,
      `${id}.${expiry}.${'A'.repeat(43)}`,
      `${token}.${token}`,
      `%00${token}`,
      `${token}%0a`,
      forged,
    ])
      await expectGone(wrong);
  });

  it('a signature that is right for a link that there is not', async () => {
    const sign = (linkId: string, expiresAt: number) => createShareTokens(secret).sign({ linkId, expiresAt });
    await expectGone(sign('019837c2-1b6e-7000-8000-000000000000', now + dayMs));
    // Somebody who can sign, but not write, cannot lengthen a link.
    await expectGone(sign(token.split('.')[0] ?? '', Math.floor(now / 1_000) * 1_000 + 300 * dayMs));
  });

  it('a forged token does not reach the database', async () => {
    await app.store.command(sql`RENAME TABLE share_links TO away`, { changesAnswersOf: [] });
    try {
      expect((await answer(token)).status).toBeGreaterThanOrEqual(500);
      await expectGone(`${token.slice(0, -1)}${token.endsWith('A') ? 'E' : 'A'}`);
    } finally {
      await app.store.command(sql`RENAME TABLE away TO share_links`, { changesAnswersOf: [] });
    }
    expect((await answer(token)).status).toBe(200);
  });
});

describe('what can be shared', () => {
  const refusal = (questions: readonly Question[], more: { days?: number; viewId?: string } = {}) =>
    share({ questions, ...more }).then(
      () => 'shared',
      (error: Error) => error.message,
    );

  it.each([
    ['none', [], 'BAD_USER_INPUT questions: 0 are given; a link answers 1 to 4.'],
    ['many', Array(5).fill(channels), 'BAD_USER_INPUT questions: 5 are given'],
    [
      'long ones',
      [{ ...channels, variables: { ...lastDays, x: 'x'.repeat(64_000) } }],
      'BAD_USER_INPUT questions: they are longer than 64000 bytes',
    ],
    [
      'a text',
      [{ documentId: '{ savedViews { name } }' }],
      'BAD_USER_INPUT questions[0]: no manifest of this server has the document',
    ],
    [
      'a mutation',
      [channels, { documentId: 'DashboardDeleteView' }],
      'BAD_USER_INPUT questions[1]: a link answers a single query.',
    ],
    ['a subscription', [{ documentId: 'DashboardFollow' }], 'BAD_USER_INPUT questions[0]:'],
    [
      'records',
      [{ documentId: 'DashboardAdsRecords' }],
      'BAD_USER_INPUT questions[0]: a link cannot show adPerformance.',
    ],
    [
      'people’s records',
      [{ documentId: 'DashboardCrmRecords' }],
      'BAD_USER_INPUT questions[0]: a link cannot show opportunities.',
    ],
    [
      'rejected records',
      [{ documentId: 'DashboardRejects' }],
      'BAD_USER_INPUT questions[0]: a link cannot show rejectedRecords.',
    ],
    [
      'views',
      [{ documentId: 'DashboardViews' }],
      'BAD_USER_INPUT questions[0]: a link cannot show savedViews.',
    ],
    [
      'links',
      [{ documentId: 'DashboardShareLinks' }],
      'BAD_USER_INPUT questions[0]: a link cannot show shareLinks.',
    ],
    [
      'sources',
      [{ documentId: 'DashboardSources' }],
      'BAD_USER_INPUT questions[0]: a link cannot show dataQuality.',
    ],
    [
      'the schema beside figures',
      [{ documentId: 'introspection' }],
      'BAD_USER_INPUT questions[0]: a link cannot show __schema.',
    ],
    [
      'other fields in a fragment',
      [{ documentId: 'hidden' }],
      'BAD_USER_INPUT questions[0]: a link cannot show events.',
    ],
    ['SQL', [{ documentId: 'statement' }], 'BAD_USER_INPUT questions[0]: a link cannot show sql.'],
    ['two queries', [{ documentId: 'two' }], 'BAD_USER_INPUT questions[0]: a link answers a single query.'],
    ['a document of another schema', [{ documentId: 'unknown' }], 'BAD_USER_INPUT questions[0]:'],
    [
      'no variables',
      [{ documentId: 'ChannelPerformance' }],
      'BAD_USER_INPUT questions[0]: Variable "$range" of required type "DateRangeInput!" was not provided.',
    ],
    [
      'wrong variables',
      [{ ...channels, variables: { range: { preset: 'NEVER' } } }],
      'BAD_USER_INPUT questions[0]: Variable "$range" got invalid value',
    ],
    [
      'a list of variables',
      [{ ...channels, variables: [] }],
      'BAD_USER_INPUT questions[0].variables: give an object.',
    ],
  ] as [string, Question[], string][])('not %s', async (_, questions, message) => {
    expect(await refusal(questions)).toContain(message);
  });

  it('for 1 to 365 days, by an admin who sees all channels, of a page that has figures', async () => {
    for (const days of [0, -1, 366])
      expect(await refusal([channels], { days })).toContain('is not between 1 and 365');
    expect(await refusal([channels], { days: 365 })).toBe('shared');
    const viewId = await saveView(viewer, '/quality');
    expect(await refusal([channels], { viewId })).toContain('only views of / and /explore can be shared');
    expect(await refusal([channels], { viewId: 'x' })).toContain('input.viewId: "x" is no id');
    const foreign = await saveView(elsewhere);
    expect(await refusal([channels], { viewId: foreign })).toBe(
      `NOT_FOUND This workspace has no saved view ${foreign}.`,
    );
    await expect(share({ by: viewer })).rejects.toThrow('FORBIDDEN');
  });

  it('at most 50 times at once', async () => {
    const { viewId } = await share();
    await app.store.command(
      sql`INSERT INTO share_links SELECT generateUUIDv4(), workspace, view_id, name, address, questions, creator, created_at, expires_at, 1, 0 FROM share_links CROSS JOIN numbers(49) AS n WHERE view_id = (SELECT argMax(view_id, version) FROM saved_views WHERE name = ${{ type: 'String', value: `View ${views}` }})`,
      { changesAnswersOf: [] },
    );
    expect(await linksOf(viewId)).toHaveLength(50);
    expect(await refusal([channels], { viewId })).toContain('This view has 50 links');
  });
});

describe('embedding', () => {
  it('is for the pages of some origins, and of share links alone', async () => {
    const { token } = await share();
    for (const opened of [await page(token), await page('wrong')]) {
      expect(opened.headers.get('content-security-policy')).toContain(
        `frame-ancestors ${wiki} http://localhost:8080`,
      );
      expect(opened.headers.has('x-frame-options')).toBe(false);
    }
    for (const [path, headers] of [
      ['/', admin],
      ['/explore', admin],
      ['/login', {}],
      [`/share/answers?t=${token}&question=0`, {}],
      [`/share/other?t=${token}`, {}],
      ['/graphql', admin],
    ] as const) {
      const found = await get(path, { accept: 'text/html', ...headers });
      expect([path, found.headers.get('x-frame-options')]).toEqual([path, 'DENY']);
      expect(found.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    }
  });
});

describe('limits and traces', () => {
  it('counts links that do not work by address, and lets those through that do', async () => {
    const environment = {
      ...environmentOf(keys.file),
      LOGIN_FAILURES_PER_MINUTE: '3',
      RATE_LIMIT_PER_MINUTE: '8',
      EMBED_ORIGINS: '',
      CLICKHOUSE_DATABASE: app.store.database,
    };
    const small = await startTestApp({ environment, clock });
    try {
      const { token } = await share();
      for (let one = 0; one < 3; one++) expect((await answer('wrong', 0, {}, small)).status).toBe(404);
      const refused = await answer('wrong', 0, {}, small);
      expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([429, true]);
      expect((await page('wrong', {}, small)).status).toBe(429);
      // Signed by the other process, with the same secret.
      for (let one = 0; one < 7; one++) expect((await answer(token, 0, {}, small)).status).toBe(200);
      const opened = await page(token, {}, small);
      expect([opened.status, opened.headers.get('x-frame-options')]).toEqual([200, 'DENY']);
      expect(opened.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(opened.headers.get('ratelimit')).toMatch(/^"requests";r=0;/);
      // Eight requests of one link in a minute are all that there may be; another link has its own.
      expect((await answer(token, 0, {}, small)).status).toBe(429);
      expect((await answer((await share()).token, 0, {}, small)).status).toBe(200);
      // What one process revokes ends in the others at once.
      const { token: ended } = await share();
      await call('DashboardRevokeShareLink', { id: ended.split('.')[0] }, admin);
      expect((await answer(ended, 0, {}, small)).status).toBe(429);
    } finally {
      await small.close();
    }
  });

  it('is worth nothing where processes have different secrets', async () => {
    const { SHARE_SECRET: _, ...environment } = environmentOf(keys.file);
    const other = await startTestApp({
      environment: { ...environment, CLICKHOUSE_DATABASE: app.store.database },
      clock,
    });
    try {
      await expectGone((await share()).token, other);
      const { token } = await share({ to: other });
      expect((await answer(token, 0, {}, other)).status).toBe(200);
      await expectGone(token);
    } finally {
      await other.close();
    }
  });

  it('leaves who made, opened and ended a link in the audit log, and the token nowhere', async () => {
    const { token, viewId } = await share();
    const [id = ''] = token.split('.');
    const [, , signature = ''] = token.split('.');
    await page(token);
    await page(token);
    await answer(token);
    await answer(token);
    await answer('wrong');
    await call('DashboardRevokeShareLink', { id }, admin);
    await page(token);
    const row = z.object({
      kind: z.string(),
      action: z.string(),
      outcome: z.string(),
      caller_id: z.string(),
      caller_name: z.string(),
      role: z.string(),
      workspace: z.string(),
      details: z.string(),
    });
    const entries = await eventually(async () => {
      const rows = await app.store.select(
        row,
        sql`SELECT kind, action, outcome, caller_id, caller_name, role, workspace, details FROM audit_log FINAL ORDER BY at, toString(audit_id)`,
      );
      const own = rows.filter(
        ({ caller_id, details }) => caller_id === `share:${id}` || details.includes(id),
      );
      return (
        own.some(({ kind }) => kind === 'denied') &&
        own.map((entry) => ({ ...entry, details: JSON.parse(entry.details) }))
      );
    });
    const link = { caller_id: `share:${id}`, caller_name: 'share link', role: 'viewer' };
    const boss = { caller_id: `key:${idOf(admin)}`, caller_name: 'boss', role: 'admin' };
    expect(entries).toEqual([
      {
        kind: 'mutation',
        action: 'shareView',
        outcome: 'ok',
        ...boss,
        workspace: 'default',
        details: { ids: [viewId, id] },
      },
      // The second within a minute is counted with others.
      {
        kind: 'share',
        action: '/share',
        outcome: 'ok',
        ...link,
        workspace: 'default',
        details: { ids: [viewId, id] },
      },
      {
        kind: 'mutation',
        action: 'revokeShareLink',
        outcome: 'ok',
        ...boss,
        workspace: 'default',
        details: { ids: [id] },
      },
      { kind: 'denied', action: '/share', outcome: 'NOT_FOUND', ...link, workspace: '', details: {} },
    ]);
    const whole = JSON.stringify((await app.store.read(sql`SELECT * FROM audit_log`)).rows);
    const stored = JSON.stringify((await app.store.read(sql`SELECT * FROM share_links`)).rows);
    expect(lines.some((line) => line.includes('"path":"/share/answers"'))).toBe(true);
    for (const text of [whole, stored, ...lines]) expect(text.includes(signature)).toBe(false);
  });
});

it('tells nothing of feeds, not even as a warning that a key for all channels would get', async () => {
  const row = (index: number) => ({
    date: '2025-08-17',
    campaign_id: `C-${index}`,
    channel: 'google_ads',
    clicks: 1,
    impressions: 10,
    cost: 10,
  });
  const pull = async (rows: number): Promise<void> => {
    app.answer({ ads: adsFeed(Array.from({ length: rows }, (_, index) => row(index))) });
    await app.ingest.trigger(
      { ...everything, sources: ['ads'], wait: true },
      { workspace: 'default', requestId: 'test', name: 'test' },
    );
  };
  await pull(10);
  await pull(1);
  const warned: Question = { documentId: 'warned' };
  const { token } = await share({ questions: [warned] });
  const asViewer = () =>
    get('/graphql?documentId=warned', { ...viewer, accept: 'application/graphql-response+json' });
  // Whoever asks first, the other is not given the same.
  for (let round = 0; round < 2; round++) {
    expect((await asViewer()).text).toMatch(/HELD_RUN.*ads: run /);
    expect((await answer(token)).text).not.toMatch(/HELD_RUN|ads:/);
    expect(JSON.parse((await answer(token)).text)).toMatchObject({
      data: { metrics: { totals: { cost: 107 } } },
    });
  }
});

it('a link gives no file, and its answers no address of one', async () => {
  const { exportUrl } = ((await call('file', {}, viewer)) as unknown as { metrics: { exportUrl: string } })
    .metrics;
  expect(exportUrl).toBe('/export/metrics?format=csv&documentId=file');
  expect(await get(exportUrl, viewer)).toMatchObject({
    status: 200,
    text: expect.stringContaining('"google_ads",'),
  });
  const { token } = await share({ questions: [{ documentId: 'file', variables: {} }] });
  const shown = await answer(token);
  expect(JSON.parse(shown.text)).toMatchObject({
    data: { metrics: { exportUrl: null, nodes: [{ channel: 'google_ads' }] } },
  });
  for (const path of [exportUrl, `${exportUrl}&t=${token}`, `/export/metrics?t=${token}&question=0`])
    expect(await get(path)).toMatchObject({ status: 401 });
  expect(
    (await get(`/export/metrics?format=csv&t=${token}`, { authorization: `Bearer ${token}` })).status,
  ).toBe(401);
  expect((await get(`/share/export/metrics?t=${token}`)).status).toBe(404);
});
