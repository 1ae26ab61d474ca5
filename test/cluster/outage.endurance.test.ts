import { afterAll, beforeAll, expect, it } from 'vitest';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';
import { dirtyFeeds } from '../support/dirty-data.ts';
import { json } from '../support/source-server.ts';
import { environmentOf } from './environment.ts';
import { type ClusterServers, startClusterServers } from './servers.ts';

const days = Array.from({ length: 20 }, (_, index) => `2025-08-${String(index + 1).padStart(2, '0')}`);
const feeds = dirtyFeeds(3, { ads: 200, crm: 100 }, days);
const range = `dateRange: { between: { from: "${days[0]}", to: "${days[19]}" } }`;
const oneDay = (day: string) => `dateRange: { between: { from: "${day}", to: "${day}" } }`;
/** Each reads stored records, in a way of its own. */
const questions = [
  `{ metrics(${range}) { totals { cost clicks } } }`,
  `{ metrics(${range}, groupBy: [CHANNEL]) { nodes { channel cost revenue } } }`,
  ...days.slice(0, 2).map((day) => `{ metrics(${oneDay(day)}) { totals { cost leads } } }`),
  `{ campaigns(${range}) { nodes { id } totalCount } }`,
  `{ dataQuality(${range}) { matches { match records } } }`,
  `{ opportunities(${range}, first: 5) { nodes { id } totalCount } }`,
  `{ dimensionValues(${range}, dimension: CHANNEL) { nodes { value cost } } }`,
  '{ events(first: 5) { nodes { eventId } totalCount } }',
  '{ rejectedRecords(first: 5) { totalCount } }',
  '{ ingestRuns(first: 5) { id } }',
];

let servers: ClusterServers;
let app: TestApp;
beforeAll(async () => {
  servers = await startClusterServers();
  app = await startTestApp({
    environment: { RESPONSE_CACHE_TTL_MS: '0', SOURCE_TIMEOUT_MS: '60000', ...environmentOf(servers) },
  });
  app.answer({ ads: adsFeed(feeds.ads), crm: crmFeed(feeds.crm) });
  await app.pull();
}, 180_000);
afterAll(async () => {
  await app.close();
  await servers.close();
}, 120_000);

const answers = (): Promise<unknown[]> =>
  Promise.all(questions.map(async (text) => (await app.query(text)).data));
const readiness = async (): Promise<number> => (await fetch(`${app.url}/readyz`)).status;

it('while a shard is down, nothing is answered by half, a run fails, and all is whole once it is back', async () => {
  const before = await answers();
  expect(before).not.toContainEqual(null);
  expect(await readiness()).toBe(200);

  let sendFeed: () => void = () => undefined;
  const feedMaySend = new Promise<void>((resolve) => {
    sendFeed = resolve;
  });
  let feedIsAsked: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    feedIsAsked = resolve;
  });
  const later = feeds.ads.map((record) => ({ ...record, cost: 1, clicks: 1 }));
  app.answer({
    ads: async (request, response) => {
      feedIsAsked();
      await feedMaySend;
      await json({ external: { ads: { performance: later } } })(request, response);
    },
  });
  const run = app.query(
    'mutation { triggerIngest(input: { sources: ["ads"], wait: true }) { runs { id status error { code message } } } }',
  );
  await asked;
  await servers.stopShard(1);
  sendFeed();

  for (const text of questions) {
    const { data, errors } = await app.query(text);
    expect(errors?.[0]?.extensions.code, text).toBe('STORE_UNAVAILABLE');
    expect(
      Object.values(data ?? {}).filter((value) => value !== null),
      text,
    ).toEqual([]);
  }
  expect(await readiness()).toBe(503);
  const failed = await run;
  const error =
    failed.errors?.[0]?.extensions ?? (failed.data as unknown as FailedRuns).triggerIngest.runs[0]?.error;
  expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });

  await servers.startShard(1);
  await expect.poll(readiness, { timeout: 30_000 }).toBe(200);
  // A failed run has left every day as it was.
  const runs = questions.length - 1;
  expect((await answers()).slice(0, runs)).toEqual(before.slice(0, runs));

  app.answer({ ads: adsFeed(later) });
  expect(await app.pull('sources: ["ads"], guard: OFF')).toMatchObject([{ status: 'SUCCEEDED' }]);
  const { data } = await app.query(`{ metrics(${range}) { totals { cost } } }`);
  expect(data).not.toEqual(before[0]);
  await app.pull('sources: ["ads"]');
  expect((await app.query(`{ metrics(${range}) { totals { cost } } }`)).data).toEqual(data);
}, 180_000);

interface FailedRuns {
  readonly triggerIngest: { readonly runs: readonly { readonly error: unknown }[] };
}
