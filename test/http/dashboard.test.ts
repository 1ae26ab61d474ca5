import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';

let keys: TestKeys;
let app: TestApp;
let viewer: { authorization: string };
beforeAll(async () => {
  keys = await makeKeys();
  viewer = await keys.create({ name: 'Ana "<b>&', role: 'viewer', workspace: ['acme', 'beta'] });
  app = await startTestApp({ environment: { API_KEYS_FILE: keys.file, TRUSTED_DOCUMENTS: 'only' } });
});
afterAll(async () => {
  await app.close();
  await keys.close();
});

const page = { accept: 'text/html,application/xhtml+xml' };
const ask = (path: string, headers: Record<string, string>) =>
  fetch(app.url + path, { headers, redirect: 'manual' });

/** The addresses that the page loads at once. */
const assetsIn = (html: string): string[] =>
  [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].flatMap(([, path]) => path ?? []);

describe('the dashboard over HTTP', () => {
  it('is one short page for whoever is logged in, which says who that is and is not kept', async () => {
    const response = await ask('/', { ...page, ...viewer, 'x-workspace': 'beta' });
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const html = await response.text();
    expect(html.length).toBeLessThan(2_000);
    const [, content = ''] = /name="utmql-session" content="([^"]*)"/.exec(html) ?? [];
    const session = content.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code));
    expect(JSON.parse(session)).toEqual({
      name: 'Ana "<b>&',
      role: 'viewer',
      workspace: 'beta',
      hasWorkspaces: true,
      isLimited: false,
      hasLogin: true,
      hasGraphiql: false,
      canEmbed: false,
    });
  });

  it('asks others to log in, and comes back to the view that was asked for', async () => {
    const response = await ask('/?range=last_7_days', page);
    const html = await response.text();
    expect([response.status, html]).toEqual([401, expect.stringContaining('API key or token')]);
    expect(html).toContain('name="next" value="/?range=last_7_days"');
  });

  it.each([
    ['curl', {}],
    ['who accepts JSON', { accept: 'application/json' }],
    ['who accepts anything', { accept: '*/*' }],
  ])('leads %s to the API, with or without a key', async (_, headers) => {
    for (const key of [{}, viewer]) {
      const response = await ask('/', { ...headers, ...key });
      expect([response.status, response.headers.get('location')]).toEqual([302, '/graphql']);
    }
    expect((await fetch(app.url, { method: 'HEAD', redirect: 'manual' })).status).toBe(302);
  });

  it('loads its own files and nothing else, by a strict policy', async () => {
    const response = await ask('/', { ...page, ...viewer });
    const html = await response.text();
    expect(html).not.toMatch(/(src|href)="(?!\/assets\/)/);
    expect(html).not.toMatch(/<script(?![^>]*src=)|<style|style=|\son\w+=/);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(policy).not.toMatch(/unsafe|data:|blob:|https?:|\*/);
  });

  it('sends files that browsers keep for good, compressed when they were built', async () => {
    const html = await (await ask('/', { ...page, ...viewer })).text();
    const paths = assetsIn(html);
    expect(paths.length).toBeGreaterThanOrEqual(3);
    for (const path of paths) {
      const plain = await ask(path, { 'accept-encoding': 'identity' });
      const text = await plain.text();
      expect(plain.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(plain.headers.get('content-type')).toMatch(
        /^(text\/(javascript|css); charset=utf-8|image\/svg\+xml)$/,
      );
      for (const coding of ['br', 'gzip']) {
        const short = await ask(path, { 'accept-encoding': coding });
        expect(short.headers.get('content-encoding')).toBe(text.length < 1_000 ? null : coding);
        expect((await short.text()) === text).toBe(true);
      }
    }
  });

  it('has a first load of less than 200 kB, gzipped', async () => {
    const html = await (await ask('/', { ...page, ...viewer })).text();
    const sizes = await Promise.all(
      assetsIn(html).map(async (path) =>
        Number((await ask(path, { 'accept-encoding': 'gzip' })).headers.get('content-length')),
      ),
    );
    const total = sizes.reduce((sum, size) => sum + size, html.length);
    expect(total).toBeGreaterThan(20_000);
    expect(total).toBeLessThan(200_000);
  });

  it('an asset that is not there is not found, and none is listed', async () => {
    const response = await ask('/assets/index-older.js', {});
    expect([response.status, await response.text()]).toEqual([
      404,
      expect.not.stringMatching(/try .*assets/),
    ]);
  });
});
