import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';

let keys: TestKeys;
let app: TestApp;
let key: Record<string, string>;
let page: string;

beforeAll(async () => {
  keys = await makeKeys();
  key = await keys.create({ role: 'viewer', workspace: ['default'] });
  app = await startTestApp({ environment: { API_KEYS_FILE: keys.file } });
  const response = await fetch(`${app.url}/graphql`, { headers: { accept: 'text/html', ...key } });
  expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
  page = await response.text();
});
afterAll(async () => {
  await app.close();
  await keys.close();
});

/** An asset as the page names it. */
const addressOf = (path: string): string =>
  new RegExp(`(?:src|href)="(${path}\\?v=[\\w-]{27})"`).exec(page)?.[1] ?? '';

it.each([
  ['/graphiql.js', 'text/javascript; charset=utf-8', 1_000_000, 350_000],
  ['/graphiql.css', 'text/css; charset=utf-8', 45_000, 9_000],
])(
  '%s is compressed, and kept by browsers for good',
  async (path, type, fewest, mostOnWire) => {
    const plain = await fetch(app.url + addressOf(path), {
      headers: { ...key, 'accept-encoding': 'identity' },
    });
    const length = Number(plain.headers.get('content-length'));
    expect([plain.status, plain.headers.get('content-type')]).toEqual([200, type]);
    expect(length).toBeGreaterThan(fewest);
    const text = await plain.text();
    const short = await fetch(app.url + addressOf(path), { headers: { ...key, 'accept-encoding': 'br' } });
    expect(short.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
    expect(short.headers.get('vary')).toContain('Accept-Encoding');
    expect(Number(short.headers.get('content-length'))).toBeLessThan(mostOnWire);
    expect((await short.text()) === text).toBe(true);
  },
  60_000,
);

it('the page itself is short', () => {
  expect(page.length).toBeLessThan(6_000);
  expect(page).toContain('ChannelPerformance');
});

it('what another version of the page asks for is answered, and not kept', async () => {
  const { status, headers } = await fetch(`${app.url}/graphiql.css?v=older`, { headers: key });
  expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
});

it('is for those who log in', async () => {
  const response = await fetch(app.url + addressOf('/graphiql.js'));
  expect([response.status, await response.json()]).toMatchObject([
    401,
    { error: { code: 'UNAUTHENTICATED' } },
  ]);
});
