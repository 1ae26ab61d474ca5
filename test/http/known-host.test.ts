import { afterAll, beforeAll, expect, it } from 'vitest';
import { sendRaw } from '../security/send.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { makeKeys } from '../support/keys.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const statusOf = async (start: string, host: string | undefined, base = app.url): Promise<string> => {
  const header = host === undefined ? '' : `Host: ${host}\r\n`;
  const text = await sendRaw(base, `${start}\r\n${header}Connection: close\r\n\r\n`);
  return /^HTTP\/1\.\d (\d+)/.exec(text)?.[1] ?? text;
};
const page = 'GET /graphql?query={__typename} HTTP/1.1';

it.each([
  'localhost',
  'LOCALHOST:4000',
  '127.0.0.1:80',
  '127.8.0.1',
  '[::1]:4000',
])('where nobody logs in, %s is this machine', async (host) => {
  expect(await statusOf(page, host)).toBe('200');
});

it.each([
  'evil.example',
  'evil.example:4000',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  '192.168.0.7',
])('where nobody logs in, %s is another: its pages are refused (DNS rebinding)', async (host) => {
  expect(await statusOf(page, host)).toBe('403');
  expect(await statusOf('GET /metrics HTTP/1.1', host)).toBe('403');
  expect(await statusOf('GET /healthz HTTP/1.1', host)).toBe('200');
  expect(await statusOf('GET /readyz HTTP/1.1', host)).toBe('200');
});

it('whoever names no host is no browser', async () => {
  expect(await statusOf('GET /graphql?query={__typename} HTTP/1.0', undefined)).toBe('200');
});

it('where callers log in, any name will do', async () => {
  const keys = await makeKeys();
  const closed = await startTestApp({ environment: { API_KEYS_FILE: keys.file } });
  try {
    expect(await statusOf(page, 'utmql.example', closed.url)).toBe('401');
  } finally {
    await closed.close();
    await keys.close();
  }
});
