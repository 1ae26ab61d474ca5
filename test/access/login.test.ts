import { existsSync } from 'node:fs';
import { SignJWT } from 'jose';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { idOf, makeKeys, type TestKeys } from '../support/keys.ts';

const executablePath = '/usr/bin/chromium';
const secret = 'a secret of at least thirty-two bytes';

let keys: TestKeys;
let app: TestApp;
let key: { authorization: string };
beforeAll(async () => {
  keys = await makeKeys();
  key = await keys.create({ role: 'admin', workspace: ['default'] });
  app = await startTestApp({
    environment: {
      API_KEYS_FILE: keys.file,
      JWT_SECRET: secret,
      JWT_ISSUER: 'issuer',
      JWT_AUDIENCE: 'utmql',
    },
    headers: key,
  });
});
afterAll(async () => {
  await app.close();
  await keys.close();
});

const textOf = ({ authorization }: { authorization: string }) => authorization.slice('Bearer '.length);
const form = (headers: Record<string, string>, body: string, path = '/login') =>
  fetch(`${app.url}${path}`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body,
  });
const sameOrigin = { 'sec-fetch-site': 'same-origin' };
const ask = async (headers: Record<string, string>): Promise<number> =>
  (
    await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{"query":"{ ingestRuns { id } }"}',
    })
  ).status;

describe('the language of the pages', () => {
  const pageFor = async (path: string, language: string | undefined, headers = {}) => {
    const response = await fetch(`${app.url}${path}`, {
      headers: { ...headers, ...(language !== undefined && { 'accept-language': language }) },
    });
    return response.text();
  };
  it.each([
    [undefined, 'en', 'API key or token'],
    ['', 'en', 'API key or token'],
    ['es', 'es', 'Clave de API o token'],
    ['es-MX,es;q=0.9,en;q=0.8', 'es', 'Clave de API o token'],
    ['en-GB,es;q=0.9', 'en', 'API key or token'],
    ['de,fr;q=0.9,es;q=0.5', 'es', 'Clave de API o token'],
    ['de, es;q=0', 'en', 'API key or token'],
    ['es;q=0.3, en;q=0.7', 'en', 'API key or token'],
    ['*', 'en', 'API key or token'],
    ['es"><script>', 'en', 'API key or token'],
    [`${'x,'.repeat(4_000)}es`, 'es', 'Clave de API o token'],
  ])('for %s is %s', async (language, tag, label) => {
    const text = await pageFor('/login', language);
    expect(text).toContain(`<html lang="${tag}">`);
    expect(text).toContain(label);
  });

  it('is that of what is wrong and of who is logged in, too', async () => {
    const wrong = await form({ ...sameOrigin, 'accept-language': 'es' }, 'key=wrong');
    expect([wrong.status, await wrong.text()]).toEqual([401, expect.stringContaining('no es válido')]);
    const own = await pageFor('/login', 'es', { cookie: `utmql_key=${textOf(key)}` });
    expect(own).toContain('Cerrar sesión');
    expect(own).toContain('Abrir el panel');
  });

  it('is that of a share link that does not work', async () => {
    expect(await pageFor('/share?t=none', 'es')).toContain('Este enlace no funciona');
  });
});

describe('who may ask over HTTP', () => {
  it('those with a key in either header, or a token', async () => {
    const token = await new SignJWT({ role: 'viewer', workspaces: ['default'] })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('ana')
      .setIssuer('issuer')
      .setAudience('utmql')
      .setExpirationTime('1 minute')
      .sign(Buffer.from(secret));
    expect(await ask(key)).toBe(200);
    expect(await ask({ 'x-api-key': textOf(key) })).toBe(200);
    expect(await ask({ authorization: `Bearer ${token}` })).toBe(200);
    expect(await ask({ ...sameOrigin, cookie: `utmql_key=${token}` })).toBe(200);
  });

  it.each([
    ['nobody', {}],
    ['a wrong key', { authorization: `Bearer utmql_0000000000_${'x'.repeat(43)}` }],
    ['another scheme', { authorization: 'Basic YWRtaW46YWRtaW4=' }],
    ['an empty token', { authorization: 'Bearer ' }],
    ['no header-safe token', { authorization: 'Bearer a b' }],
    [
      'a token of alg none',
      { authorization: `Bearer ${btoa('{"alg":"none"}')}.${btoa('{"role":"admin"}')}.` },
    ],
  ])('not %s', async (_, headers) => {
    expect(await ask(headers)).toBe(401);
  });

  it('not a wrong header beside a good cookie', async () => {
    const cookie = { ...sameOrigin, cookie: `utmql_key=${textOf(key)}` };
    expect(await ask(cookie)).toBe(200);
    expect(await ask({ ...cookie, authorization: 'Bearer nonsense' })).toBe(401);
  });
});

describe('the cookie', () => {
  it('is set by the form, for this site only, and taken away by logging out', async () => {
    const response = await form(sameOrigin, `key=${textOf(key)}`);
    expect([response.status, response.headers.get('location'), response.headers.getSetCookie()]).toEqual([
      303,
      '/',
      [
        `utmql_key=${textOf(key)}; HttpOnly; SameSite=Strict; Path=/`,
        'utmql_workspace=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0',
      ],
    ]);
    const secure = await form({ ...sameOrigin, 'x-forwarded-proto': 'https' }, `key=${textOf(key)}`);
    expect(secure.headers.getSetCookie()[0]).toMatch(/; Secure$/);
    const out = await form(sameOrigin, '', '/logout');
    expect(out.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^utmql_key=;.*Max-Age=0$/),
      expect.stringMatching(/^utmql_workspace=;.*Max-Age=0$/),
    ]);
  });

  it.each([
    ['a wrong key', sameOrigin, 'key=nonsense', 401],
    ['no key', sameOrigin, '', 401],
    ['line ends in the key', sameOrigin, 'key=a%0d%0aSet-Cookie:%20x=y', 401],
    ['another site', { 'sec-fetch-site': 'cross-site' }, 'key=x', 403],
    ['another site, by its origin', { origin: 'https://evil.example' }, 'key=x', 403],
    ['nobody says who asks', {}, 'key=x', 403],
    ['too long a form', sameOrigin, `key=${'x'.repeat(20_000)}`, 413],
    ['a form without end', sameOrigin, `key=x&next=${'x'.repeat(70_000)}`, 413],
  ])('is not set: %s', async (_, headers, body, status) => {
    const response = await form(headers, body);
    expect([response.status, response.headers.get('set-cookie')]).toEqual([status, null]);
  });

  it('does not count when another site makes the browser ask (CSRF)', async () => {
    const cookie = `utmql_key=${textOf(key)}`;
    const { host } = new URL(app.url);
    expect(await ask({ cookie, 'sec-fetch-site': 'cross-site' })).toBe(401);
    expect(await ask({ cookie, 'sec-fetch-site': 'same-site' })).toBe(401);
    expect(await ask({ cookie, origin: 'https://evil.example' })).toBe(401);
    expect(await ask({ cookie, origin: 'null' })).toBe(401);
    expect(await ask({ cookie })).toBe(401);
    expect(await ask({ cookie, origin: `http://${host}` })).toBe(200);
    const push = await fetch(`${app.url}/events`, {
      method: 'POST',
      headers: { cookie, 'sec-fetch-site': 'cross-site', 'content-type': 'application/json' },
      body: '{}',
    });
    expect(push.status).toBe(401);
  });
});

/** The address that a page leads on to after the login. */
const nextIn = (page: string): string | undefined =>
  /name="next" value="([^"]*)"/.exec(page)?.[1]?.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code));

describe('a link to a page', () => {
  const link = '/graphql?query=%7B__typename%7D&x=%22%3Cb%3E%27';

  it.each([
    link,
    '/',
    '/?range=last_7_days&f=channel|is|x',
    '/graphql',
  ])('is kept over the login, also over a wrong key: %s', async (link) => {
    const asked = await fetch(app.url + link, { headers: { accept: 'text/html' } });
    expect([asked.status, nextIn(await asked.text())]).toEqual([401, link]);
    const next = `next=${encodeURIComponent(link)}`;
    const wrong = await form(sameOrigin, `key=nonsense&${next}`);
    expect([wrong.status, nextIn(await wrong.text())]).toEqual([401, link]);
    const right = await form(sameOrigin, `key=${textOf(key)}&${next}`);
    expect([right.status, right.headers.get('location')]).toEqual([303, link]);
  });

  it.each([
    '//evil.example',
    '//evil.example/graphql?query=x',
    '/\\evil.example',
    '\\\\evil.example',
    '/%2f%2fevil.example',
    '%2f%2fevil.example',
    '/%5cevil.example',
    'https://evil.example/graphql?query=x',
    'https:evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    '/graphql?query=x\r\nSet-Cookie: a=b',
    '/graphql?query=x\nLocation: https://evil.example',
    '/graphql?\u0000',
    '/graphql?query=é',
    ' /graphql?query=x',
    '/graphql/../login',
    '/graphql@evil.example',
    '/graphql\\?x',
    '/logout',
    '/?x=\r\nSet-Cookie: a=b',
    '/?é',
    '',
  ])('leads nowhere else: %j', async (next) => {
    const response = await form(sameOrigin, `key=${textOf(key)}&next=${encodeURIComponent(next)}`);
    expect([response.status, response.headers.get('location')]).toEqual([303, '/']);
    expect(response.headers.getSetCookie()).toHaveLength(2);
    const page = await fetch(`${app.url}/login?next=${encodeURIComponent(next)}`);
    expect(nextIn(await page.text())).toBe('/');
  });

  it('offers those who came by a link of another site to go on with their login', async () => {
    const from = async (site: string) =>
      (await fetch(app.url + link, { headers: { accept: 'text/html', 'sec-fetch-site': site } })).text();
    expect(await from('cross-site')).toContain('I am logged in already');
    expect(await from('none')).not.toContain('I am logged in already');
  });
});

describe('the workspace', () => {
  let both: { authorization: string };
  beforeAll(async () => {
    both = await keys.create({ role: 'viewer', workspace: ['acme', 'beta'] });
  });
  const cookies = (workspace?: string, of = both): string =>
    `utmql_key=${textOf(of)}${workspace === undefined ? '' : `; utmql_workspace=${workspace}`}`;
  /** In which workspace GraphiQL opens. */
  const opened = async (headers: Record<string, string>): Promise<string | number> => {
    const response = await fetch(`${app.url}/graphql`, { headers: { accept: 'text/html', ...headers } });
    const page = await response.text();
    return response.ok ? (/Workspace <strong>(.*?)<\/strong>/.exec(page)?.[1] ?? '') : response.status;
  };

  it('is chosen after the login by those who may use several', async () => {
    const link = '/graphql?query={__typename}';
    const response = await form(sameOrigin, `key=${textOf(both)}&next=${encodeURIComponent(link)}`);
    const chooser = response.headers.get('location') ?? '';
    expect(chooser).toBe(`/login?next=${encodeURIComponent(link)}`);
    const page = await (await fetch(app.url + chooser, { headers: { cookie: cookies() } })).text();
    expect(page).toContain('<option selected>acme</option><option>beta</option>');
    expect(nextIn(page)).toBe(link);
    const chosen = await form(
      { ...sameOrigin, cookie: cookies() },
      `workspace=beta&next=${encodeURIComponent(link)}`,
      '/workspace',
    );
    expect([chosen.status, chosen.headers.get('location'), chosen.headers.getSetCookie()]).toEqual([
      303,
      link,
      ['utmql_workspace=beta; HttpOnly; SameSite=Strict; Path=/'],
    ]);
  });

  it.each([
    ['not one of the key’s', () => ({ ...sameOrigin, cookie: cookies() }), 'workspace=gamma', 403],
    ['no name', () => ({ ...sameOrigin, cookie: cookies() }), 'workspace=be%0d%0ata', 403],
    ['none', () => ({ ...sameOrigin, cookie: cookies() }), '', 403],
    ['without a login', () => sameOrigin, 'workspace=beta', 401],
    ['by another site', () => ({ 'sec-fetch-site': 'cross-site', cookie: cookies() }), 'workspace=beta', 403],
  ])('cannot be chosen: %s', async (_, headers, body, status) => {
    const response = await form(headers(), body, '/workspace');
    expect([response.status, response.headers.getSetCookie()]).toEqual([status, []]);
  });

  it('counts for requests of the browser, is checked each time, and a header stands over it', async () => {
    expect(await opened({ cookie: cookies() })).toBe('acme');
    expect(await opened({ cookie: cookies('beta') })).toBe('beta');
    expect(await opened({ cookie: cookies('beta'), 'x-workspace': 'acme' })).toBe('acme');
    expect(await opened({ cookie: cookies('gamma') })).toBe(403);
    // Of another login in the same browser.
    expect(await opened({ cookie: cookies('beta', key) })).toBe(403);
    // Whoever brings a key is no browser that chose.
    expect(await opened({ cookie: cookies('beta'), ...both })).toBe('acme');
    expect(await opened({ cookie: 'utmql_workspace=beta', 'x-api-key': textOf(both) })).toBe('acme');
  });

  it('decides whose figures GraphiQL shows', async () => {
    const everywhere = await keys.create({ role: 'admin', 'all-workspaces': true });
    const ad = (cost: number) => [
      { date: '2025-08-01', channel: 'x', campaign_id: 'c', clicks: 1, impressions: 1, cost },
    ];
    for (const [workspace, cost] of [
      ['acme', 1],
      ['beta', 2],
    ] as const) {
      const pushed = await fetch(`${app.url}/ingest/ad-performance`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-workspace': workspace, ...everywhere },
        body: JSON.stringify(ad(cost)),
      });
      expect(await pushed.json()).toMatchObject({ accepted: 1, stored: true });
    }
    const costOf = async (cookie: string) => {
      const response = await fetch(`${app.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', cookie, ...sameOrigin },
        body: '{"query":"{ metrics(dateRange: { between: { from: \\"2025-08-01\\", to: \\"2025-08-01\\" } }) { totals { cost } } }"}',
      });
      return response.json();
    };
    const cost = (value: number) => ({ data: { metrics: { totals: { cost: value } } } });
    expect(await costOf(cookies())).toEqual(cost(1));
    expect(await costOf(cookies('beta'))).toEqual(cost(2));
    expect(await costOf(cookies('gamma'))).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
  });
});

describe('a subscription', () => {
  it('ends when its key is revoked', async () => {
    const own = await keys.create({ role: 'admin', workspace: ['default'] });
    let finish: (() => void) | undefined;
    app.answer({
      ads: (_request, response) => {
        finish = () => void response.end('{"external":{"ads":{"performance":[]}}}');
      },
    });
    const started = await app.query(
      'mutation { triggerIngest(input: { sources: ["ads"] }) { runs { id } } }',
    );
    const id = /"id":"([^"]+)"/.exec(JSON.stringify(started))?.[1];
    const response = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...own },
      body: JSON.stringify({ query: `subscription { ingestRun(id: "${id}") { status } }` }),
    });
    await keys.run(['revoke', idOf(own)]);
    const events = await response.text();
    expect(events).toContain('"status"');
    expect(events).toContain('UNAUTHENTICATED');
    finish?.();
  }, 20_000);
});

describe.skipIf(!existsSync(executablePath))('GraphiQL in a browser', () => {
  it('asks for a key, lets choose a workspace, comes back to the same query and runs it', async () => {
    const both = await keys.create({ name: 'Ana <b>', role: 'viewer', workspace: ['acme', 'beta'] });
    const browser = await chromium.launch({
      executablePath,
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
    });
    try {
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (/content security policy/i.test(message.text())) complaints.push(message.text());
      });
      const query = '{ metrics(dateRange: { preset: LAST_7_DAYS }) { totals { cost } meta { from } } }';
      const link = `${app.url}/graphql?query=${encodeURIComponent(query)}`;
      await page.goto(link);
      await page.getByLabel('API key or token').fill('wrong');
      await page.getByRole('button', { name: 'Log in' }).click();
      expect(await page.getByRole('alert').innerText()).toBe('The token is not valid.');
      await page.getByLabel('API key or token').fill(textOf(both));
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByLabel('Workspace').selectOption('beta');
      await page.getByRole('button', { name: 'Open GraphiQL' }).click();
      // It runs by itself.
      await page.locator('.graphiql-response').getByText('"from"').waitFor();
      expect(decodeURIComponent(page.url())).toBe(decodeURIComponent(link));
      expect(await page.locator('.graphiql-response').innerText()).not.toContain('errors');
      expect(await page.getByRole('navigation', { name: 'Login' }).innerText()).toMatch(
        /Ana <b>\s+Workspace beta Change/,
      );
      expect(await page.evaluate('document.cookie')).toBe('');
      await page.getByRole('button', { name: 'Log out' }).click();
      await page.getByLabel('API key or token').waitFor();
      expect(await page.context().cookies()).toEqual([]);
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
    }
  }, 60_000);
});
