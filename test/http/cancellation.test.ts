import { request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bind, sql } from '../../src/clickhouse/sql.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ environment: { QUERY_TIMEOUT_MS: '60000' } });
  await app.store.command(
    sql`
    INSERT INTO ad_performance (workspace, date, channel, campaign_id, ad_group_id, ad_id, utm_campaign, utm_source, utm_medium,
      utm_content, utm_term, currency, clicks, impressions, cost, source, version, is_deleted)
    SELECT 'default', toDate('2025-08-01') + number % 5, 'google_ads', toString(number % 100_000), '', toString(number), 'a', 'b', 'c', 'd', 'e', 'USD',
      1, 10, 1, 'test', 1, 0
    FROM numbers(300_000)`,
    { changesAnswersOf: [] },
  );
});
afterAll(() => app.close());

const days = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-05" } }';
/** Every ad is a group of its own: seconds of work. */
const slow = (mark: string): string =>
  `{ metrics(${days}, groupBy: [AD_ID, CAMPAIGN_ID, DATE, CHANNEL, UTM_CAMPAIGN, UTM_SOURCE, UTM_MEDIUM, UTM_CONTENT, UTM_TERM], orderBy: [{ measure: CPC }], first: 10000) { nodes { adId cost cpc } } } # ${mark}`;

const run = '019837c2-1b6e-7000-8000-000000000000';

interface Call {
  readonly status: Promise<number | 'left'>;
  leave(): void;
}

function call(method: 'GET' | 'POST', query: string, id: string, target = app): Call {
  const search = method === 'GET' ? `?${new URLSearchParams({ query })}` : '';
  const request = httpRequest(`${target.url}/graphql${search}`, {
    method,
    headers: { 'x-request-id': id, ...(method === 'POST' && { 'content-type': 'application/json' }) },
  });
  const status = new Promise<number | 'left'>((resolve) => {
    request.on('error', () => resolve('left'));
    request.on('response', (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
  });
  request.end(method === 'POST' ? JSON.stringify({ query }) : undefined);
  return { status, leave: () => request.destroy() };
}

/** Not what utmql asks by itself for the request, such as whether exchange rates have changed: that is not logged. */
const running = async (id: string): Promise<boolean> => {
  const rows = await app.store.select(
    z.object({ n: z.number() }),
    sql`SELECT count() AS n FROM system.processes WHERE Settings['log_comment'] = ${bind('String', id)} AND query LIKE '%FROM ad_performance%'`,
  );
  return (rows[0]?.n ?? 0) > 0;
};
const until = async (condition: () => Promise<boolean>): Promise<void> => {
  while (!(await condition())) await sleep(10);
};
const endOf = async (id: string): Promise<string | undefined> => {
  await app.store.command(sql`SYSTEM FLUSH LOGS`, { changesAnswersOf: [] });
  const rows = await app.store.select(
    z.object({ type: z.string() }),
    sql`SELECT toString(type) AS type FROM system.query_log WHERE log_comment = ${bind('String', id)} AND type != 'QueryStart'`,
  );
  return rows[0]?.type;
};

describe('when the caller leaves, its queries are cancelled', () => {
  it.each(['GET', 'POST'] as const)('%s', async (method) => {
    const id = `leave-${method}-${Date.now()}`;
    const caller = call(method, slow(id), id);
    await until(() => running(id));
    caller.leave();
    await until(async () => !(await running(id)));
    expect(await caller.status).toBe('left');
    expect(await endOf(id)).toBe('ExceptionWhileProcessing');
    expect((await fetch(`${app.url}/readyz`)).status).toBe(200);
  });

  it('but not while another caller waits for the same answer', async () => {
    const id = `shared-${Date.now()}`;
    const first = call('POST', slow(id), id);
    await until(() => running(id));
    const second = call('POST', slow(id), `${id}-second`);
    await sleep(50);
    first.leave();
    expect([await first.status, await second.status]).toEqual(['left', 200]);
    expect(await endOf(id)).toBe('QueryFinish');
    expect(await endOf(`${id}-second`)).toBeUndefined();
  });

  it('and is cancelled when all who waited have left; the next caller starts anew', async () => {
    const id = `all-${Date.now()}`;
    const callers = [call('GET', slow(id), id), call('GET', slow(id), id)];
    await until(() => running(id));
    for (const caller of callers) caller.leave();
    await until(async () => !(await running(id)));
    expect(await endOf(id)).toBe('ExceptionWhileProcessing');
    const next = call('GET', slow(id), `${id}-next`);
    expect(await next.status).toBe(200);
    expect(await endOf(`${id}-next`)).toBe('QueryFinish');
  });
});

it('a query that still waits for its turn is never sent', async () => {
  const environment = { CLICKHOUSE_DATABASE: app.store.database, CLICKHOUSE_MAX_CONCURRENCY: '1' };
  const narrow = await startTestApp({ environment });
  try {
    const id = `queue-${Date.now()}`;
    const first = call('POST', slow(id), id, narrow);
    await until(() => running(id));
    const second = call('POST', slow(`${id} second`), `${id}-second`, narrow);
    const runs = `{ ingestRuns { id } ingestSources { watermark } a: ingestRun(id: "${run}") { id } }`;
    const others = [
      call('POST', runs, `${id}-runs`, narrow),
      call('POST', '{ metrics(dateRange: { preset: TODAY }) { meta { freshness } } }', `${id}-meta`, narrow),
    ];
    await sleep(50);
    for (const { leave } of [second, ...others]) leave();
    expect([await first.status, await second.status]).toEqual([200, 'left']);
    expect(
      await call(
        'POST',
        '{ metrics(dateRange: { preset: TODAY }) { totals { cost } } }',
        `${id}-third`,
        narrow,
      ).status,
    ).toBe(200);
    const ends = [endOf(id), endOf(`${id}-second`), endOf(`${id}-runs`), endOf(`${id}-meta`)];
    expect(await Promise.all(ends)).toEqual(['QueryFinish', undefined, undefined, undefined]);
  } finally {
    await narrow.close();
  }
});

it('reads of runs are the request’s, and freshness is read once', async () => {
  const id = `runs-${Date.now()}`;
  const tiles = ['TODAY', 'YESTERDAY'].map(
    (preset) => `${preset}: metrics(dateRange: { preset: ${preset} }) { meta { freshness } }`,
  );
  expect(await call('POST', `{ ${tiles.join(' ')} ingestRun(id: "${run}") { id } }`, id).status).toBe(200);
  await app.store.command(sql`SYSTEM FLUSH LOGS`, { changesAnswersOf: [] });
  const rows = await app.store.select(
    z.object({ n: z.number() }),
    sql`SELECT count() AS n FROM system.query_log WHERE log_comment = ${bind('String', id)} AND type = 'QueryFinish'
      AND query LIKE '%FROM ingest_runs%'`,
  );
  expect(rows).toEqual([{ n: 2 }]);
});

describe('a query that needs too much is ended with a sentence that says how to narrow it', () => {
  const narrow = 'Ask for a shorter date range, fewer dimensions or a stricter filter.';
  const errorOf = async (environment: Record<string, string>, query: string) => {
    // On the database that is already filled; it is dropped with `app`.
    const { database } = app.store;
    const limited = await startTestApp({ environment: { ...environment, CLICKHOUSE_DATABASE: database } });
    try {
      return (await limited.query(query)).errors;
    } finally {
      await limited.close();
    }
  };

  it('TIMEOUT', async () => {
    expect(await errorOf({ QUERY_TIMEOUT_MS: '200' }, slow('timeout'))).toMatchObject([
      { message: `The query took longer than it may. ${narrow}`, extensions: { code: 'TIMEOUT' } },
    ]);
  });

  it.each([
    ['rows', { QUERY_MAX_ROWS: '100000' }],
    ['memory', { QUERY_MEMORY_MB: '64' }],
  ])('QUERY_TOO_EXPENSIVE: %s', async (_, environment: Record<string, string>) => {
    expect(await errorOf(environment, slow('expensive'))).toMatchObject([
      {
        message: `The query needs more than a single query may use. ${narrow}`,
        extensions: { code: 'QUERY_TOO_EXPENSIVE' },
      },
    ]);
  });
});

it('what ends an answer early ends its queries: a wrong tile beside heavy ones leaves nothing at work', async () => {
  const id = `bubble-${Date.now()}`;
  const tiles = Array.from(
    { length: 24 },
    (_, index) =>
      `t${index}: metrics(${days}, where: { campaignId: { notIn: ["${index}"] } }, groupBy: [AD_ID, CAMPAIGN_ID, DATE, UTM_SOURCE], first: 10) { nodes { adId cost cpc } }`,
  );
  const wrong =
    'wrong: metrics(dateRange: { preset: TODAY }, orderBy: [{ dimension: CHANNEL }]) { nodes { cost } }';
  expect(await call('POST', `{ ${tiles.join(' ')} ${wrong} }`, id).status).toBe(200);
  await until(async () => !(await running(id)));
  const next = call('POST', '{ metrics(dateRange: { preset: TODAY }) { totals { cost } } }', `${id}-next`);
  expect(await next.status).toBe(200);
  await app.store.command(sql`SYSTEM FLUSH LOGS`, { changesAnswersOf: [] });
  const finished = await app.store.select(
    z.object({ n: z.number() }),
    sql`SELECT count() AS n FROM system.query_log WHERE log_comment = ${bind('String', id)} AND type = 'QueryFinish'`,
  );
  expect(finished).toEqual([{ n: 0 }]);
});
