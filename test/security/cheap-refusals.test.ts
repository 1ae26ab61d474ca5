import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { brotliCompressSync, constants } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';
import { processorMs } from '../support/processor-time.ts';
import { send } from './send.ts';

let app: TestApp;
let keys: TestKeys;
let admin: Record<string, string>;
beforeAll(async () => {
  keys = await makeKeys();
  admin = await keys.create({ role: 'admin', workspace: ['default'] });
  app = await startTestApp({ environment: { API_KEYS_FILE: keys.file }, headers: admin });
});
afterAll(async () => {
  await app.close();
  await keys.close();
});

const where = (value: unknown) =>
  app.query('query($w: MetricsWhere) { metrics(dateRange: { preset: TODAY } where: $w) { totalCount } }', {
    w: value,
  });

it.each([
  [
    'an object of 40,000 wrong fields',
    Object.fromEntries(Array.from({ length: 40_000 }, (_, i) => [`wrong${i}`, i])),
  ],
  ['a list where an object is wanted', Array.from({ length: 300_000 }, () => 1)],
  [
    'an object of 40,000 fields where a text is wanted',
    { channel: { eq: Object.fromEntries(Array.from({ length: 40_000 }, (_, i) => [`x${i}`, i])) } },
  ],
  [
    'a list of 100,000 where texts are wanted',
    { channel: { in: Array.from({ length: 100_000 }, () => [1]) } },
  ],
])('%s in a variable is refused briefly', async (_name, value) => {
  let answer: Awaited<ReturnType<typeof where>> | undefined;
  const ms = await processorMs(async () => {
    answer = await where(value);
  });
  expect(answer?.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  expect(JSON.stringify(answer).length).toBeLessThan(20_000);
  // With the client in the same process. The first of them once took 4 s.
  expect(ms).toBeLessThan(2_500);
});

it('takes 100,000 records of one mutation in slices, and answers as before', async () => {
  const records = Array.from({ length: 100_000 }, () => ({}));
  const ticks: number[] = [];
  const timer = setInterval(() => ticks.push(performance.now()), 5);
  const { data, errors } = await app.query(
    'mutation($records: [EventInput!]!) { ingestEvents(input: { records: $records }) { accepted } }',
    { records },
  );
  clearInterval(timer);
  expect(errors).toBeUndefined();
  expect(data).toEqual({ ingestEvents: { accepted: 100_000 } });
  const longest = Math.max(...ticks.slice(1).map((tick, index) => tick - (ticks[index] ?? tick)));
  const whole = (ticks.at(-1) ?? 0) - (ticks[0] ?? 0);
  // In one piece it was nearly the whole of it.
  expect(longest / whole).toBeLessThan(0.25);
});

it('works off long requests that end at once one by one, with turns of others in between', async () => {
  const wrong = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`wrong${index}`, index]));
  const query = 'query($w: MetricsWhere) { metrics(dateRange: { preset: TODAY } where: $w) { totalCount } }';
  const body = JSON.stringify({ query, variables: { w: wrong } });
  const begun = Array.from({ length: 8 }, () => {
    const sent = request(`${app.url}/graphql`, {
      method: 'POST',
      headers: { ...admin, 'content-type': 'application/json', 'content-length': body.length },
    });
    sent.write(body.slice(0, -1));
    return sent;
  });
  // All but the last byte of each is there.
  await delay(500);
  const turns: number[] = [performance.now()];
  let isOver = false;
  const note = (): void => {
    turns.push(performance.now());
    if (!isOver) setImmediate(note);
  };
  setImmediate(note);
  const answers = begun.map((sent) => once(sent, 'response') as Promise<[IncomingMessage]>);
  for (const sent of begun) sent.end(body.slice(-1));
  const statuses = (await Promise.all(answers)).map(([answer]) => {
    answer.resume();
    return answer.statusCode;
  });
  isOver = true;
  expect(statuses).toEqual(Array(8).fill(200));
  const longest = Math.max(...turns.slice(1).map((turn, index) => turn - (turns[index] ?? turn)));
  const whole = (turns.at(-1) ?? 0) - (turns[0] ?? 0);
  // In one piece it was the whole of it.
  expect(longest / whole).toBeLessThan(0.4);
});

it('names the place of a wrong record deep in a long list', async () => {
  const records = Array.from({ length: 1_000 }, (_, index) => (index === 777 ? { message: { a: 1 } } : {}));
  const { errors } = await app.query(
    'mutation($input: IngestEventsInput!) { ingestEvents(input: $input) { accepted } }',
    { input: { records, idempotencyKey: null } },
  );
  expect(errors?.[0]?.message).toContain('"input.records[777].message"');
  expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
});

const blanks = (megabytes: number): Buffer =>
  brotliCompressSync(Buffer.alloc(megabytes * 1_048_576, '\n'), {
    params: { [constants.BROTLI_PARAM_QUALITY]: 3 },
  });
const push = (body: Buffer) =>
  send(app.url, {
    path: '/ingest/events',
    headers: { ...admin, 'content-type': 'application/x-ndjson', 'content-encoding': 'br' },
    body,
  });

it('reads blank lines no further than 64 MiB, and counts what it read against who sent it', async () => {
  const left = (answer: { headers: Readonly<Record<string, string | string[] | undefined>> }): number =>
    Number(/"pushes";r=(\d+)/.exec(String(answer.headers.ratelimit))?.[1]);
  const bomb = blanks(200);
  expect(bomb.length).toBeLessThan(10_000);
  const first = await push(bomb);
  expect(first.status).toBe(400);
  expect(first.body).toContain('64 MiB came without a record');
  const after = await push(Buffer.from(brotliCompressSync(Buffer.from('{}\n'))));
  expect(left(first) - left(after)).toBeGreaterThan(60_000);
});

it.each([
  ['commas', '[', ','],
  ['what begins like objects', '[', '{x},'],
  ['lines that are no JSON', '{}\n', '{x\n'],
])('gives up a list of %s', async (_what, head, piece) => {
  const long = head + piece.repeat(5_000_000 / piece.length);
  const answer = await push(Buffer.from(brotliCompressSync(Buffer.from(long))));
  expect(answer.status).toBe(400);
  expect(answer.body).toContain('More than 10,000 records followed each other that are none');
});

it('does not read an identifier through that is longer than any', async () => {
  const answer = await send(app.url, {
    path: '/ingest/ad-performance',
    headers: { ...admin, 'content-type': 'application/json' },
    body: JSON.stringify([
      { date: '2025-08-01', campaign_id: ' '.repeat(900_000), channel: 'meta', clicks: 1, cost: 1 },
    ]),
  });
  expect(answer.body).toContain('text_too_long');
});

it('counts a long query that is refused against who sent it; short mistakes are free', async () => {
  const viewer = await keys.create({ role: 'viewer', workspace: ['default'] });
  const ask = (body: string) =>
    send(app.url, { headers: { ...viewer, 'content-type': 'application/json' }, body });
  const costLeft = async (): Promise<number> => {
    const answer = await ask(
      JSON.stringify({ query: `{ metricCatalog { measures { name } } } # ${Math.random()}` }),
    );
    return Number(/"cost";r=(\d+)/.exec(String(answer.headers.ratelimit))?.[1]);
  };
  await costLeft();
  const before = await costLeft();
  await ask(JSON.stringify({ query: '{ nothing }' }));
  const short = await costLeft();
  await ask(`{"query": "{ nothing }", "variables": {"a": "${'x'.repeat(500_000)}"}}`);
  await ask(`{"query": "${' '.repeat(500_000)}`);
  const long = await costLeft();
  const each = before - short;
  expect(each).toBeLessThan(1_000);
  expect(short - long).toBeGreaterThan(95_000);
});
