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
    expect([response.status, response.headers.get('location'), response.headers.get('set-cookie')]).toEqual([
      303,
      '/graphql',
      `utmql_key=${textOf(key)}; HttpOnly; SameSite=Strict; Path=/`,
    ]);
    const secure = await form({ ...sameOrigin, 'x-forwarded-proto': 'https' }, `key=${textOf(key)}`);
    expect(secure.headers.get('set-cookie')).toMatch(/; Secure$/);
    const out = await form(sameOrigin, '', '/logout');
    expect(out.headers.get('set-cookie')).toMatch(/^utmql_key=;.*Max-Age=0$/);
  });

  it.each([
    ['a wrong key', sameOrigin, 'key=nonsense', 401],
    ['no key', sameOrigin, '', 401],
    ['line ends in the key', sameOrigin, 'key=a%0d%0aSet-Cookie:%20x=y', 401],
    ['another site', { 'sec-fetch-site': 'cross-site' }, 'key=x', 403],
    ['another site, by its origin', { origin: 'https://evil.example' }, 'key=x', 403],
    ['nobody says who asks', {}, 'key=x', 403],
    ['too long a form', sameOrigin, `key=${'x'.repeat(20_000)}`, 413],
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
  it('asks for a key, and runs queries with it', async () => {
    const browser = await chromium.launch({
      executablePath,
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
    });
    try {
      const page = await browser.newPage();
      await page.goto(app.url);
      await page.getByLabel('API key or token').fill('wrong');
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByRole('alert').waitFor();
      await page.getByLabel('API key or token').fill(textOf(key));
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByText('ChannelPerformance').first().waitFor();
      await page.getByRole('button', { name: /execute query/i }).click();
      await page.locator('.graphiql-response').getByText('"nodes"').waitFor();
      expect(await page.locator('.graphiql-response').innerText()).not.toContain('errors');
      expect(await page.evaluate('document.cookie')).toBe('');
      await page.goto(`${app.url}/login`);
      await page.getByRole('button', { name: 'Log out' }).click();
      await page.getByLabel('API key or token').waitFor();
    } finally {
      await browser.close();
    }
  }, 60_000);
});
