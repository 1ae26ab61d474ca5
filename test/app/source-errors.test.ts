import { afterAll, beforeAll, expect, it } from 'vitest';
import { sql } from '../../src/clickhouse/sql.ts';
import { adsFeed, startTestApp, type TestApp } from '../support/app.ts';
import { cutAfter, hang, hangAfter, inTurn, refusedUrl, status, text } from '../support/source-server.ts';

const rejectedRecords = sql`SELECT position, reason, field, record FROM rejected_records FINAL ORDER BY position`;
const record = (campaign: string, cost: number) => ({
  date: '2025-08-01',
  campaign_id: campaign,
  channel: 'google',
  clicks: 1,
  impressions: 10,
  cost,
  utm_campaign: 'x',
});
const feed = [record('A', 1), record('B', 2), record('C', 4)];
const whole = JSON.stringify({ external: { ads: { performance: feed } } });
/** Everything up to the middle of the third record. */
const broken = whole.slice(0, whole.indexOf('"C"') + 8);

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const cost = async (): Promise<unknown> => {
  const { data } = await app.query(
    '{ metrics(dateRange: { between: { from: "2025-08-01", to: "2025-08-01" } }) { totals { cost } } }',
  );
  return (data as unknown as { metrics: { totals: { cost: number } } }).metrics.totals.cost;
};
const run = async (input = '') => (await app.pull(`sources: ["ads"] ${input}`))[0];

it('404: the run fails at once and says so', async () => {
  app.answer({ ads: status(404) });
  const before = app.sourceRequests.length;
  expect(await run()).toMatchObject({
    status: 'FAILED',
    recordsRead: 0,
    error: { code: 'SOURCE_REFUSED', message: expect.stringContaining('404') },
  });
  expect(app.sourceRequests.length - before).toBe(1);
});

it('HTML instead of JSON', async () => {
  app.answer({ ads: text('<!doctype html><title>Sign in</title>') });
  expect(await run()).toMatchObject({
    status: 'FAILED',
    error: { code: 'SOURCE_MALFORMED', message: expect.stringContaining('HTML') },
  });
});

it('a hang before the answer', async () => {
  app.answer({ ads: hang });
  expect(await run()).toMatchObject({ status: 'FAILED', error: { code: 'SOURCE_UNAVAILABLE' } });
});

it('a body cut in the middle: nothing is changed, since any day may be incomplete', async () => {
  app.answer({ ads: cutAfter(broken) });
  expect(await run()).toMatchObject({
    status: 'FAILED',
    recordsRead: 2,
    recordsWritten: 0,
    error: { message: expect.stringMatching(/Nothing was changed/) },
  });
  expect(await cost()).toBe(0);
});

it('a body cut in the middle, mode UPSERT: what was whole is stored, and a repeat completes it', async () => {
  app.answer({ ads: cutAfter(broken) });
  expect(await run('mode: UPSERT')).toMatchObject({
    status: 'PARTIAL',
    recordsWritten: 2,
    error: {
      message: expect.stringMatching(/What came before is stored; the same call again completes it/),
    },
  });
  expect(await cost()).toBe(3);
  app.answer({ ads: adsFeed(feed) });
  expect(await run()).toMatchObject({ status: 'SUCCEEDED', recordsWritten: 3, error: null });
  expect(await cost()).toBe(7);
});

it('a stall in the middle of the body', async () => {
  app.answer({ ads: hangAfter(broken) });
  expect(await run('mode: UPSERT')).toMatchObject({
    status: 'PARTIAL',
    error: { code: 'SOURCE_UNAVAILABLE' },
  });
  expect(await cost()).toBe(7);
});

it('500 then 200, and 429 with Retry-After, are retried', async () => {
  app.answer({ ads: inTurn(status(500), adsFeed(feed)) });
  expect(await run()).toMatchObject({ status: 'SUCCEEDED', recordsWritten: 3 });
  app.answer({ ads: inTurn(status(429, { 'retry-after': '1' }), adsFeed(feed)) });
  const started = performance.now();
  expect(await run()).toMatchObject({ status: 'SUCCEEDED', recordsWritten: 3 });
  expect(performance.now() - started).toBeGreaterThan(950);
});

it('a refused connection fails its own run and no other source’s', async () => {
  const other = await startTestApp({ environment: { ADS_API_URL: `${await refusedUrl()}/ads` } });
  try {
    expect(await other.pull()).toMatchObject([
      {
        source: 'ads',
        status: 'FAILED',
        error: { code: 'SOURCE_UNAVAILABLE', message: expect.stringContaining('refused') },
      },
      { source: 'crm', status: 'SUCCEEDED', error: null },
    ]);
  } finally {
    await other.close();
  }
});

it('wrong records are rejected with their reasons, kept whole, and the rest is stored', async () => {
  const wrong = [
    { ...record('D', 8), date: '2025-02-30' },
    { ...record('E', 8), cost: 'a lot' },
    7,
    { clicks: 1 },
  ];
  app.answer({
    ads: adsFeed([feed[0], ...wrong, { ...record('F', 16), date: '2025-08-01', channel: null, clicks: -1 }]),
  });
  expect(await run()).toMatchObject({
    status: 'PARTIAL',
    error: null,
    recordsRead: 6,
    recordsWritten: 2,
    recordsRejected: 4,
    rejectedByReason: [
      { name: 'invalid_date', count: 1 },
      { name: 'invalid_number', count: 1 },
      { name: 'missing_field', count: 1 },
      { name: 'not_an_object', count: 1 },
    ],
    repairsByKind: expect.arrayContaining([{ name: 'negative_to_zero', count: 1 }]),
  });
  const { rows } = await app.store.read(rejectedRecords);
  expect(rows).toEqual([
    [2, 'invalid_date', 'date', JSON.stringify(wrong[0])],
    [3, 'invalid_number', 'cost', JSON.stringify(wrong[1])],
    [4, 'not_an_object', '', '7'],
    [5, 'missing_field', 'date', '{"clicks":1}'],
  ]);
});

it('duplicates in one feed: identical ones are one; differing ones change nothing, or the last wins with UPSERT', async () => {
  app.answer({
    ads: adsFeed(
      [record('G', 1), record('G', 1), record('H', 1), record('H', 2)].map((row) => ({
        ...row,
        date: '2025-09-01',
      })),
    ),
  });
  const cost = async () =>
    (
      await app.query(
        '{ metrics(dateRange: { between: { from: "2025-09-01", to: "2025-09-01" } }) { totals { cost } } }',
      )
    ).data;
  const warnings = async (day: string) => {
    const { data } = await app.query(
      `{ metrics(dateRange: { between: { from: "${day}", to: "${day}" } }) { meta { warnings { code message } } } }`,
    );
    const found = data as unknown as { metrics: { meta: { warnings: { code: string }[] } } };
    // Days without rows have a warning of their own.
    return found.metrics.meta.warnings.filter(({ code }) => code !== 'NO_DATA');
  };
  expect(await run()).toMatchObject({
    status: 'FAILED',
    error: {
      code: 'SOURCE_MALFORMED',
      message: expect.stringMatching(
        /campaign H on 2025-09-01; they differ in cost\..*Nothing was changed\.$/,
      ),
    },
  });
  expect(await cost()).toEqual({ metrics: { totals: { cost: 0 } } });
  const conflicting = await run(', mode: UPSERT');
  expect(conflicting).toMatchObject({
    status: 'SUCCEEDED',
    recordsRead: 4,
    recordsWritten: 2,
    skippedByReason: [
      { name: 'conflicting_duplicate', count: 1 },
      { name: 'duplicate', count: 1 },
    ],
  });
  expect(await cost()).toEqual({ metrics: { totals: { cost: 3 } } });
  // Whoever asks about the day is told of it, until a run reads the day without such rows.
  expect(await warnings('2025-09-01')).toEqual([
    {
      code: 'CONFLICTING_ROWS',
      message: expect.stringMatching(/^ads: 1 row was replaced .* a day of the range/),
    },
  ]);
  expect(await warnings('2025-09-02')).toEqual([]);
  app.answer({ ads: adsFeed([{ ...record('H', 2), date: '2025-09-01' }]) });
  await run(', mode: UPSERT');
  expect(await warnings('2025-09-01')).toEqual([]);
  // What is replayed was read before that.
  await app.query('mutation ($id: ID!) { replayRun(id: $id, wait: true) { status } }', {
    id: conflicting?.id,
  });
  expect(await warnings('2025-09-01')).toEqual([]);
});

it('a record that is older than the retention is rejected, not stored to vanish', async () => {
  const short = await startTestApp({
    environment: { DATA_RETENTION_DAYS: '30' },
    clock: { now: () => Date.UTC(2026, 0, 31, 12) },
  });
  try {
    short.answer({
      ads: adsFeed([
        { ...record('A', 1), date: '2026-01-01' },
        { ...record('A', 1), date: '2026-01-02' },
      ]),
    });
    expect(await short.pull('sources: ["ads"]')).toMatchObject([
      { recordsWritten: 1, rejectedByReason: [{ name: 'beyond_retention', count: 1 }] },
    ]);
  } finally {
    await short.close();
  }
});
