import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { bind, sql } from '../../src/clickhouse/sql.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';
import { type StoreProxy, startStoreProxy } from '../support/proxy.ts';

type Headers = Readonly<Record<string, string>>;

const mostWaiting = 6;
const callersOfEach = 12;

let keys: TestKeys;
let proxy: StoreProxy;
let app: TestApp;
let busy: Headers[];
let calm: Headers;
let operator: Headers;
beforeAll(async () => {
  keys = await makeKeys();
  const viewer = { role: 'viewer', workspace: ['default'] } as const;
  busy = [await keys.create(viewer), await keys.create(viewer), await keys.create(viewer)];
  calm = await keys.create(viewer);
  operator = await keys.create({ role: 'admin', 'all-workspaces': true });
  proxy = await startStoreProxy(inject('clickhouse').url);
  app = await startTestApp({
    environment: {
      CLICKHOUSE_URL: proxy.url,
      API_KEYS_FILE: keys.file,
      CLICKHOUSE_MAX_CONCURRENCY: '2',
      CLICKHOUSE_MAX_WAITING: String(mostWaiting),
      QUERY_TIMEOUT_MS: '60000',
      RESPONSE_CACHE_TTL_MS: '0',
    },
  });
  await app.store.command(
    sql`
    INSERT INTO ad_performance (workspace, date, channel, campaign_id, ad_group_id, ad_id, utm_campaign, utm_source, utm_medium,
      utm_content, utm_term, currency, clicks, impressions, cost, source, version, is_deleted)
    SELECT 'default', toDate('2025-08-01') + number % 5, 'google_ads', toString(number % 10_000), '', toString(number), 'a', 'b', 'c', 'd', 'e', 'USD',
      1, 10, 1, 'test', 1, 0
    FROM numbers(60_000)`,
    { changesAnswersOf: [] },
  );
});
afterAll(async () => {
  await app.close();
  await proxy.close();
  await keys.close();
});

/** Every ad is a group of its own: much work. How heavy it is taken for, the days tell. */
const tile = (from: string): string =>
  `metrics(dateRange: { between: { from: "${from}", to: "2025-08-05" } }, groupBy: [AD_ID, CAMPAIGN_ID, DATE], orderBy: [{ measure: CPC }], first: 10) { nodes { adId cost cpc } }`;
const heavy = (mark: string): string => `{ ${tile('2025-01-01')} } # ${mark}`;
const cheap = (mark: string): string =>
  `{ metrics(dateRange: { between: { from: "2025-08-01", to: "2025-08-02" } }) { totals { cost } } } # ${mark}`;

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
}

async function ask(headers: Headers, query: string, signal?: AbortSignal) {
  const response = await fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
    ...(signal && { signal }),
  });
  const { errors = [] } = (await response.json()) as Answer;
  return { status: response.status, errors, retryAfter: response.headers.get('retry-after') };
}

const metric = async (line: string): Promise<number> => {
  const text = await (await fetch(`${app.url}/metrics`, { headers: operator })).text();
  return Number(
    text
      .split('\n')
      .find((each) => each.startsWith(line))
      ?.split(' ')[1] ?? 0,
  );
};

const isRefusal = { code: 'OVERLOADED', retryable: true, retryAfterSeconds: expect.any(Number) };

it('many callers at once: each gets an answer, or is told when to come again; others’ cheap queries are answered', async () => {
  const heavies = Promise.all(
    busy.flatMap((headers, account) =>
      Array.from({ length: callersOfEach }, (_, index) => ask(headers, heavy(`${account} ${index}`))),
    ),
  );
  let isOver = false;
  void heavies.finally(() => {
    isOver = true;
  });
  const cheaps: Awaited<ReturnType<typeof ask>>[] = [];
  for (let index = 0; !isOver || index === 0; index++) {
    cheaps.push(await ask(calm, cheap(`calm ${index}`)));
    cheaps.push(await ask(busy[0] ?? calm, cheap(`busy ${index}`)));
  }
  expect(cheaps.filter(({ errors }) => errors.length > 0)).toEqual([]);

  const answers = await heavies;
  const refused = answers.filter(({ errors }) => errors.length > 0);
  expect(answers.length - refused.length).toBeGreaterThanOrEqual(mostWaiting);
  expect(refused.length).toBeGreaterThan(0);
  for (const { errors, retryAfter } of refused) {
    expect(errors).toMatchObject([{ extensions: isRefusal }]);
    expect(retryAfter).toBe(String(errors[0]?.extensions.retryAfterSeconds));
    expect(Number(retryAfter)).toBeGreaterThanOrEqual(1);
    expect(Number(retryAfter)).toBeLessThanOrEqual(30);
  }
  expect(await metric('overloaded_queries_total{reason="queue"}')).toBe(refused.length);

  expect((await fetch(`${app.url}/readyz`)).status).toBe(200);
  for (const headers of [...busy, calm])
    expect(await ask(headers, heavy('after'))).toMatchObject({ status: 200, errors: [] });
});

it('heavy queries get more memory and a lower priority than cheap ones', async () => {
  // Who has used much lately would give way to others with all queries.
  const fresh = await keys.create({ role: 'viewer', workspace: ['default'] });
  const id = `weight-${Date.now()}`;
  for (const query of [
    cheap(id),
    heavy(id),
    `{ campaigns(dateRange: { preset: TODAY }) { totalCount } } # ${id}`,
  ])
    expect(await ask({ ...fresh, 'x-request-id': id }, query)).toMatchObject({ errors: [] });
  await app.store.command(sql`SYSTEM FLUSH LOGS`, { changesAnswersOf: [] });
  const row = z.object({ megabytes: z.number(), priority: z.string() });
  // `os_thread_priority` is another name of this setting since 25.9.
  const settings = await app.store.select(
    row,
    sql`SELECT toUInt64(Settings['max_memory_usage']) / 1048576 AS megabytes, Settings['os_threads_nice_value_query'] AS priority
        FROM system.query_log WHERE log_comment = ${bind('String', id)} AND type = 'QueryFinish' ORDER BY event_time_microseconds`,
  );
  // The default of the engine's users is 8. Two slots share a third of three quarters of its 4 GB; a heavy query that is alone
  // takes two thirds of the rest.
  const heavily = { megabytes: expect.closeTo(512 + (2_048 * 2) / 3, 1), priority: '12' };
  expect(settings).toEqual([{ megabytes: 512, priority: '8' }, heavily, heavily]);
});

it('a request is refused as a whole where none of its queries would find room; another account finds some', async () => {
  const [headers = calm, other = calm] = busy;
  // One begins, and as many wait as may.
  const tiles = Array.from(
    { length: mostWaiting + 1 },
    (_, index) => `t${index}: ${tile(`2025-07-${10 + index}`)}`,
  );
  await proxy.away('silent');
  const asked = ask(headers, `{ ${tiles.join(' ')} }`);
  const before = await metric('overloaded_queries_total{reason="queue"}');
  const soon = (query: string) => ask(headers, query, AbortSignal.timeout(500)).catch(() => undefined);
  let refused = await soon(cheap('one more'));
  for (let again = 0; refused === undefined; again++) refused = await soon(cheap(`one more ${again}`));
  expect(refused).toMatchObject({ status: 503, errors: [{ extensions: isRefusal }] });
  expect(Number(refused.retryAfter)).toBeGreaterThanOrEqual(1);
  expect(await metric('overloaded_queries_total{reason="queue"}')).toBe(before + 1);

  const leaving = new AbortController();
  const newcomer = ask(other, cheap('of another'), leaving.signal);
  expect(await asked).toMatchObject({ status: 200, errors: [{ extensions: isRefusal }] });
  leaving.abort();
  await expect(newcomer).rejects.toThrow();
  await proxy.back();
  for (const who of [headers, other])
    expect(await ask(who, cheap('after'))).toMatchObject({ status: 200, errors: [] });
});
