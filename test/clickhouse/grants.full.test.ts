import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createStore } from '../../src/clickhouse/create-store.ts';
import { sql } from '../../src/clickhouse/sql.ts';
import type { Store } from '../../src/clickhouse/store.ts';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';
import { testLimits } from '../support/database.ts';
import { readText } from '../support/deploy.ts';
import { startGrantedServer } from '../support/granted-server.ts';
import { hang } from '../support/source-server.ts';

const ad = (date: string) => ({
  date,
  campaign_id: 'C-1',
  channel: 'google',
  clicks: 1,
  cost: 2,
  utm_campaign: 'a',
});
const deal = { opportunity_id: 'O-1', created_at: '2025-08-01T10:00:00Z', stage: 'closed_won', amount: 5 };
const range = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-03" } }';

let server: Awaited<ReturnType<typeof startGrantedServer>>;
let app: TestApp;
let engine: Store;
beforeAll(async () => {
  server = await startGrantedServer();
  const environment = {
    CLICKHOUSE_URL: server.url,
    CLICKHOUSE_USER: server.utmql.username,
    CLICKHOUSE_PASSWORD: server.utmql.password,
    CLICKHOUSE_DATABASE: 'utmql',
    SQL_VIEWS: 'on',
  };
  app = await startTestApp({ environment });
  engine = createStore({
    url: server.url,
    ...server.engine,
    database: 'default',
    maxConcurrency: 4,
    limits: testLimits,
  });
}, 120_000);
afterAll(async () => {
  await app?.ingest.idle();
  await app?.stop();
  await engine?.close();
  await server?.stop();
}, 60_000);

const statusesOf = (runs: readonly Record<string, unknown>[]) =>
  runs.map(({ status, error }) => ({ status, error }));

it('runs read, replace, try dry, replay and are cancelled', async () => {
  app.answer({ ads: adsFeed([ad('2025-08-01'), ad('2025-08-02'), ad('never')]), crm: crmFeed([deal]) });
  const good = { status: 'SUCCEEDED', error: null };
  const first = await app.pull();
  // What is stored under the key of the record that nobody can read stays.
  expect(statusesOf(first)).toEqual([{ status: 'PARTIAL', error: null }, good]);
  app.answer({ ads: adsFeed([ad('2025-08-02')]), crm: crmFeed([deal]) });
  expect(statusesOf(await app.pull('mode: REPLACE, sources: ["ads"]'))).toEqual([good]);
  expect(statusesOf(await app.pull('dryRun: true, sources: ["ads"]'))).toEqual([good]);
  const replay = await app.query(
    'mutation ($id: ID!) { replayRun(id: $id, wait: true) { status error { message } } }',
    {
      id: first[0]?.id,
    },
  );
  expect(replay).toMatchObject({ data: { replayRun: { status: 'PARTIAL', error: null } } });

  app.answer({ ads: hang });
  const started = await app.query('mutation { triggerIngest(input: { sources: ["ads"] }) { runs { id } } }');
  const { runs } = (started.data as unknown as { triggerIngest: { runs: { id: string }[] } }).triggerIngest;
  const cancelled = await app.query('mutation ($id: ID!) { cancelIngest(id: $id) { id } }', {
    id: runs[0]?.id,
  });
  expect(cancelled.errors).toBeUndefined();
});

it('records are pushed, and the figures are asked for', async () => {
  for (const [path, body] of [
    ['/ingest/ad-performance', [ad('2025-08-03')]],
    ['/ingest/opportunities', [{ ...deal, opportunity_id: 'O-2' }]],
    ['/events', { service: 'shop', message: 'checkout' }],
  ] as const) {
    const response = await fetch(`${app.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': path },
      body: JSON.stringify(body),
    });
    expect(response.status).toBeLessThan(300);
  }
  const answer =
    await app.query(`{ metrics(${range}, groupBy: [DATE]) { nodes { cost leads } totals { cost } totalCount }
    ingestRuns { id } rejectedRecords { nodes { reason } } dataQuality(${range}) { __typename } }`);
  expect(answer.errors).toBeUndefined();
  const metrics = await (await fetch(`${app.url}/metrics`)).text();
  expect(metrics).not.toMatch(/clickhouse_query_duration_seconds_count\{kind="\w+",outcome="error"\} [1-9]/);
  expect((await fetch(`${app.url}/readyz`)).status).toBe(200);
});

it('the views for BI tools are made, and made again where they are others', async () => {
  const made = sql`SELECT count() FROM system.tables WHERE database = 'utmql' AND engine = 'View'`;
  await vi.waitFor(async () => expect((await engine.read(made)).rows).toEqual([[2]]), 20_000);
  const replaced = sql`ALTER TABLE utmql.metrics_daily MODIFY COMMENT 'another'`;
  await engine.command(replaced, { changesAnswersOf: [] });
  await app.reload();
  const others = sql`SELECT count() FROM system.tables WHERE database = 'utmql' AND comment = 'another'`;
  await vi.waitFor(async () => expect((await engine.read(others)).rows).toEqual([[0]]), 20_000);
  expect((await engine.read(made)).rows).toEqual([[2]]);
});

it('ClickHouse refused nothing that the program asked', async () => {
  await engine.command(sql`SYSTEM FLUSH LOGS`, { changesAnswersOf: [] });
  const refused = await engine.read(
    sql`SELECT query, exception FROM system.query_log WHERE user = 'utmql' AND exception LIKE '%ACCESS_DENIED%' LIMIT 3`,
  );
  expect(refused.rows).toEqual([]);
});

it('the user reaches nothing else', async () => {
  const utmql = createStore({
    url: server.url,
    ...server.utmql,
    database: 'utmql',
    maxConcurrency: 2,
    limits: testLimits,
  });
  for (const statement of [
    sql`CREATE DATABASE another`,
    sql`CREATE TABLE default.another (a UInt8) ENGINE = Memory`,
    sql`CREATE USER another IDENTIFIED BY 'a'`,
    sql`SELECT * FROM system.users`,
    sql`SELECT * FROM system.query_log`,
    sql`SELECT * FROM file('/etc/passwd', 'LineAsString')`,
    sql`SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')`,
    sql`SYSTEM SHUTDOWN`,
  ])
    await expect(utmql.command(statement, { changesAnswersOf: [] })).rejects.toThrow();
  await utmql.close();
});

describe('the operator', () => {
  const ask = (query: string, { username, password } = server.operator) =>
    fetch(server.url, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` },
      body: query,
    });

  it('can send the queries of the manual, and finds utmql’s', async () => {
    await engine.command(sql`SYSTEM FLUSH LOGS`, { changesAnswersOf: [] });
    const queries = [...readText('docs/operations.md').matchAll(/--query "([^"]+)"/g)];
    expect(queries.length).toBeGreaterThan(0);
    for (const [, query = ''] of queries) {
      const answer = await ask(query.replaceAll('\\', ''));
      expect(answer.status, `${query}: ${await answer.text()}`).toBe(200);
    }
    const asked = await ask(`SELECT countIf(user = 'utmql') > 0 FROM system.query_log`);
    expect((await asked.text()).trim()).toBe('1');
    const parts = await ask(`SELECT count() > 0 FROM system.parts WHERE database = 'utmql'`);
    expect((await parts.text()).trim()).toBe('1');
  });

  it.each([
    'SELECT * FROM utmql.opportunities',
    'SELECT * FROM system.users',
    'INSERT INTO utmql.events (event_id) VALUES (1)',
    'OPTIMIZE TABLE utmql.events',
    'DROP TABLE utmql.events',
    'SYSTEM SHUTDOWN',
  ])('may not %s', async (query) => {
    expect(await (await ask(query)).text()).toContain('ACCESS_DENIED');
  });

  it('is nobody without the password', async () => {
    expect((await ask('SELECT 1', { username: 'operator', password: '' })).status).toBe(403);
  });
});
