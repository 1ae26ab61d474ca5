import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';
import { event, ndjson } from '../support/push-records.ts';

let keys: TestKeys;
let app: TestApp;
let one: Record<string, string>;
let other: Record<string, string>;
let admin: Record<string, string>;
const held: Socket[] = [];

beforeAll(async () => {
  keys = await makeKeys();
  one = await keys.create({ role: 'ingestor', workspace: ['default'] });
  other = await keys.create({ role: 'ingestor', workspace: ['default'] });
  admin = await keys.create({ role: 'admin', 'all-workspaces': true });
  app = await startTestApp({ environment: { API_KEYS_FILE: keys.file, CALLER_MAX_CONCURRENCY: '4' } });
});
afterEach(async () => {
  for (const socket of held.splice(0)) socket.destroy();
  await vi.waitFor(async () => expect(await atWork()).toBe(0), 5_000);
});
afterAll(async () => {
  await app.close();
  await keys.close();
});

const timestamp = new Date().toISOString();
const oneEvent = ndjson([event(0, { timestamp })]);
const many = ndjson(Array.from({ length: 1_500 }, (_, index) => event(index, { timestamp })));

/** Begins a push that does not end. */
function hold(body: string, who = one): { readonly socket: Socket; readonly answer: Promise<string> } {
  const { hostname, port } = new URL(app.url);
  const socket = connect(Number(port), hostname, () => {
    socket.write(
      `POST /ingest/events HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: ${who.authorization}\r\nContent-Type: application/x-ndjson\r\nContent-Length: 50000000\r\n\r\n${body}`,
    );
  });
  held.push(socket);
  const answer = new Promise<string>((resolve) => {
    let text = '';
    socket.on('data', (part) => {
      text += part.toString();
    });
    socket.once('error', () => undefined);
    socket.once('close', () => resolve(text));
  });
  return { socket, answer };
}

const post = (path: string, body: string, headers: Record<string, string>): Promise<Response> =>
  fetch(`${app.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': path === '/events' ? 'application/json' : 'application/x-ndjson', ...headers },
    body,
  });

/** How many requests are at work, by what /metrics would say. */
const atWork = async (): Promise<number> => {
  const text = await (await fetch(`${app.url}/metrics`, { headers: admin })).text();
  return Number(/^http_requests_in_flight (\d+)$/m.exec(text)?.[1]) - 1;
};

describe('pushes that do not end', () => {
  it('of one caller leave turns to the large pushes of others', async () => {
    for (let count = 0; count < 4; count++) hold(many.repeat(10));
    await vi.waitFor(async () => expect(await atWork()).toBe(4));
    // By the last, those that are held have been read far enough to be large.
    for (let round = 0; round < 3; round++) {
      const answer = await post('/ingest/events', many, other);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ accepted: 1_500 });
    }
  });

  it('of one caller are bounded; single events and other callers are not held up', async () => {
    for (let count = 0; count < 24; count++) hold(oneEvent);
    await vi.waitFor(async () => expect(await atWork()).toBe(24));
    const refused = await post('/ingest/events', oneEvent, one);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({
      error: {
        code: 'RATE_LIMITED',
        message: 'Too many pushes at a time. Wait for the answers to earlier ones. Try again in 1 s.',
      },
    });
    expect((await post('/events', oneEvent, one)).status).toBe(202);
    expect((await post('/ingest/events', oneEvent, other)).status).toBe(200);
  });

  it('and are large must come faster than 10,000 bytes/s', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const { socket, answer } = hold(many, other);
      const timer = setInterval(() => {
        if (!socket.writable) return;
        socket.write(' '.repeat(1_000));
        vi.advanceTimersByTime(5_000);
      }, 20);
      socket.once('close', () => clearInterval(timer));
      expect(await answer).toMatch(/^HTTP\/1\.1 408 .*more slowly than 10000 bytes\/s/s);
    } finally {
      vi.useRealTimers();
    }
  });
});
