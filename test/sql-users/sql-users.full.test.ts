import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type OwnServer, startOwnServer } from '../../src/clickhouse/own-server/server.ts';
import { readConfig } from '../../src/config/config.ts';
import { createOwnServerUsers, ownServerConfig } from '../../src/sql-users/own-server-users.ts';
import { push } from '../sql-views/push.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { silent } from '../support/database.ts';
import { readText } from '../support/deploy.ts';
import { attacks, refused } from './attacks.ts';
import { hashOf } from './hash.ts';

const password = 'of twelve characters';
const users = [
  { name: 'metabase', workspace: 'acme', passwordSha256: hashOf(password) },
  { name: 'tableau', workspace: 'other', passwordSha256: hashOf(password) },
  { name: 'nobody', workspace: 'empty', passwordSha256: hashOf(password) },
] as const;

let dataDir: string;
let server: OwnServer;
let app: TestApp;
const configOf = () => readConfig({ DATA_DIR: dataDir, QUERY_TIMEOUT_MS: '20000' });
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'utmql-bi-'));
  const kept = createOwnServerUsers(configOf());
  for (const user of users) await kept.create(user, password);
  server = await startOwnServer({
    dataDir,
    configFile: await ownServerConfig(configOf()),
    memoryLimitBytes: 2 * 1_024 ** 3,
    logger: silent,
    onLost: (error) => {
      throw error;
    },
  });
  app = await startTestApp({
    environment: {
      SQL_VIEWS: 'on',
      CLICKHOUSE_URL: server.url,
      CLICKHOUSE_USER: server.username,
      CLICKHOUSE_PASSWORD: server.password,
      CLICKHOUSE_DATABASE: 'utmql',
    },
  });
  await push(app, ['acme']);
  await vi.waitFor(
    async () =>
      expect((await ask('metabase', 'SELECT count() > 0 FROM utmql.opportunities_current')).text).toBe('1'),
    20_000,
  );
}, 180_000);
afterAll(async () => {
  await app?.ingest.idle();
  await app?.stop();
  await server?.stop();
  await rm(dataDir, { recursive: true, force: true });
}, 60_000);

async function ask(user: string, query: string, given = password): Promise<{ status: number; text: string }> {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'x-clickhouse-user': user, 'x-clickhouse-key': given },
    body: query,
  });
  return { status: response.status, text: (await response.text()).trim() };
}
const asServer = (query: string) => ask(server.username, query, server.password);

/** The answers of a list of statements, by statement. */
async function answersOf(user: string, statements: readonly string[]): Promise<Map<string, string>> {
  const answers = new Map<string, string>();
  for (const statement of statements) answers.set(statement, (await ask(user, statement)).text);
  return answers;
}

it('whatever is asked, the answer is the same with and without the records of another workspace', async () => {
  expect(attacks.length + refused.length).toBeGreaterThan(100);
  const before = await answersOf('metabase', attacks);
  await push(app, ['other']);
  expect((await ask('tableau', 'SELECT count() FROM utmql.metrics_daily')).text).not.toBe('0');
  const after = await answersOf('metabase', attacks);
  for (const [statement, answer] of after) expect(answer, statement).toBe(before.get(statement));
  // Most of them are answered, or they would tell nothing.
  expect([...after.values()].filter((answer) => !answer.startsWith('Code:')).length).toBeGreaterThan(30);
}, 120_000);

it.each(refused)('refuses %s', async (statement) => {
  const { status, text } = await ask('metabase', statement);
  expect(status, text).not.toBe(200);
  expect(text).not.toContain('other');
});

it.each([
  'EXPLAIN actions = 1, indexes = 1',
  'EXPLAIN PIPELINE',
  'EXPLAIN QUERY TREE',
  'EXPLAIN SYNTAX',
  'EXPLAIN AST',
])('%s names no other user and no other workspace', async (explain) => {
  for (const view of ['metrics_daily', 'opportunities_current']) {
    const { status, text } = await ask(
      'metabase',
      `${explain} SELECT count() FROM utmql.${view} WHERE date = today()`,
    );
    expect(status, text).toBe(200);
    expect(text).not.toMatch(/tableau|nobody|'other'|'empty'/);
  }
});

describe('a user sees one workspace', () => {
  it.each([
    ['metabase', 'acme'],
    ['tableau', 'other'],
  ])('%s sees %s, all of it', async (user, workspace) => {
    for (const [view, shown, table, stored] of [
      [
        'metrics_daily',
        'sum(clicks), sum(cost), sum(impressions)',
        'ad_performance',
        'sum(clicks), sum(cost), sum(impressions)',
      ],
      [
        'metrics_daily',
        'sum(leads), sum(revenue)',
        'opportunities',
        "count(), sumIf(amount, stage = 'closed_won')",
      ],
      ['opportunities_current', 'count(), sum(amount)', 'opportunities', 'count(), sum(amount)'],
    ]) {
      const mine = await ask(
        user,
        `SELECT any(workspace), uniqExact(workspace), ${shown} FROM utmql.${view}`,
      );
      const all = await asServer(
        `SELECT any(workspace), 1, ${stored} FROM utmql.${table} FINAL WHERE workspace = '${workspace}'`,
      );
      expect(mine).toEqual(all);
      expect(mine.text).toContain(workspace);
    }
  });

  it('of a workspace without records, nothing', async () => {
    expect((await ask('nobody', 'SELECT count() FROM utmql.metrics_daily')).text).toBe('0');
  });

  it('policies restrict nobody who reads the tables, and who has none sees nothing in the views', async () => {
    expect((await asServer('SELECT uniqExact(workspace) FROM utmql.ad_performance')).text).toBe('2');
    expect((await asServer('SELECT count() FROM utmql.metrics_daily')).text).toBe('0');
  });

  it('nobody logs in as the user whom the views read as, nor with another password', async () => {
    for (const name of ['utmql_views', 'default'])
      expect((await ask(name, 'SELECT 42', '')).text).toMatch(/^Code: /);
    expect((await ask('metabase', 'SELECT 1', 'of twelve letters')).status).toBe(403);
  });
});

it.each([
  ['a setting in the address', 'readonly=0'],
  [
    'a filter in the address',
    `additional_table_filters=${encodeURIComponent("{'utmql.ad_performance': '1'}")}`,
  ],
  ['another user of the same password in the address', 'user=tableau&role=tableau'],
  ['a role', 'role=utmql'],
  [
    'a statement in the address, before that of the body',
    `query=${encodeURIComponent('SELECT * FROM utmql.ad_performance UNION ALL')}`,
  ],
])('%s changes nothing', async (_name, parameters) => {
  const response = await fetch(`${server.url}/?${parameters}`, {
    method: 'POST',
    headers: { 'x-clickhouse-user': 'metabase', 'x-clickhouse-key': password },
    body: 'SELECT DISTINCT workspace FROM utmql.metrics_daily',
  });
  expect(await response.text()).toMatch(/^Code: /);
});

it('the own server does not keep its users from files, which is why they must be trusted', async () => {
  const file = join(dataDir, 'sql-users.json');
  expect((await ask('metabase', `SELECT position(file('${file}'), 'tableau') > 0`)).text).toBe('1');
});

it('the examples of the manual run as the user does, and have the figures of the API', async () => {
  const examples = [...readText('docs/sql.md').matchAll(/```sql\n([\s\S]*?)```/g)].map(
    ([, text = '']) => text,
  );
  expect(examples.length).toBe(3);
  const inDatabase = async (query: string) => {
    const response = await fetch(`${server.url}/?database=utmql&output_format_json_quote_64bit_integers=0`, {
      method: 'POST',
      headers: { 'x-clickhouse-user': 'metabase', 'x-clickhouse-key': password },
      body: `${query} FORMAT JSONCompactEachRow`,
    });
    expect(response.status).toBe(200);
    return (await response.text())
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  };
  await inDatabase(examples[0] ?? '');
  const weeks = await inDatabase(examples[1] ?? '');
  const { data } = await app.query(
    `{ metrics(dateRange: { between: { from: "2025-07-28", to: "2025-08-10" } }, groupBy: [DATE], granularity: WEEK,
        where: { currency: { eq: "EUR" } }, orderBy: [{ dimension: DATE, direction: ASC }]) { nodes { date cost cpa roas } } }`,
    {},
    { 'x-workspace': 'acme' },
  );
  const { nodes } = (
    data as unknown as { metrics: { nodes: { date: string; cost: number; cpa: number; roas: number }[] } }
  ).metrics;
  expect(nodes.length).toBe(2);
  expect(weeks.map(([week, cost, cpa, roas]) => ({ date: week, cost, cpa, roas }))).toEqual(nodes);
  expect(await inDatabase(examples[2] ?? '')).toEqual([['2025-08-18', 'de-1', 1, 1000.25]]);
});
