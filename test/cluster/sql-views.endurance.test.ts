import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Sql } from '../../src/clickhouse/sql.ts';
import { readConfig } from '../../src/config/config.ts';
import { placeOf } from '../../src/sql-users/place.ts';
import { usersFile } from '../../src/sql-users/users-file.ts';
import { hashOf } from '../sql-users/hash.ts';
import { push } from '../sql-views/push.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { environmentOf } from './environment.ts';
import { type ClusterServers, clusterName, startClusterServers } from './servers.ts';

const password = 'of twelve characters';

let servers: ClusterServers;
let app: TestApp;
beforeAll(async () => {
  const user = { name: 'metabase', workspace: 'acme', passwordSha256: hashOf(password) };
  const other = { name: 'tableau', workspace: 'other', passwordSha256: hashOf(password) };
  servers = await startClusterServers(
    2,
    usersFile(
      [user, other],
      placeOf(readConfig({ CLICKHOUSE_URL: 'http://a', CLICKHOUSE_CLUSTER: clusterName })),
    ),
  );
  app = await startTestApp({ environment: { ...environmentOf(servers), CLICKHOUSE_DATABASE: 'utmql' } });
  await push(app);
}, 240_000);
afterAll(async () => {
  await app?.ingest.idle();
  await app?.stop();
  await servers?.close();
}, 60_000);

const rows = async (statement: string) => (await app.store.read(new Sql([statement], []))).rows;

const ask = async (url: string, user: string, query: string): Promise<string> => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'x-clickhouse-user': user, 'x-clickhouse-key': password },
    body: query,
  });
  return (await response.text()).trim();
};

it('each server shows a user the workspace on all shards, and no other', async () => {
  await vi.waitFor(async () => {
    const views = await rows(
      "SELECT count() FROM system.tables WHERE database = 'utmql' AND engine = 'View'",
    );
    expect(views).toEqual([[2]]);
  }, 20_000);
  const stored = await rows(
    'SELECT workspace, sum(clicks), uniqExact(date) FROM ad_performance FINAL GROUP BY workspace ORDER BY workspace',
  );
  const records = await rows(
    'SELECT workspace, count() FROM opportunities FINAL GROUP BY workspace ORDER BY workspace',
  );
  expect(stored).toHaveLength(2);
  for (const url of servers.urls)
    for (const [index, user] of ['metabase', 'tableau'].entries()) {
      const figures = await ask(
        url,
        user,
        'SELECT workspace, sum(clicks), uniqExact(date) FROM utmql.metrics_daily WHERE clicks > 0 GROUP BY workspace',
      );
      expect(figures).toBe(stored[index]?.join('\t'));
      const found = await ask(
        url,
        user,
        'SELECT workspace, count() FROM utmql.opportunities_current GROUP BY workspace',
      );
      expect(found).toBe(records[index]?.join('\t'));
    }
});

it('of the tables that each server holds, a user reads the workspace alone, and no contact', async () => {
  for (const url of servers.urls) {
    const found = await ask(
      url,
      'metabase',
      "SELECT countIf(workspace != 'acme') FROM utmql.opportunities_local",
    );
    expect(found).toBe('0');
    for (const statement of [
      'SELECT contact_hash FROM utmql.opportunities_local',
      'SELECT count() FROM utmql.opportunities',
      'SELECT count() FROM utmql.rollup_sums_local',
      "SELECT count() FROM cluster('two-shards', utmql.ad_performance_local)",
      'SELECT count() FROM system.clusters',
    ])
      expect(await ask(url, 'metabase', statement), statement).toContain('ACCESS_DENIED');
    const leaks = "SELECT count() FROM utmql.metrics_daily WHERE throwIf(workspace = 'other') = 0";
    expect(await ask(url, 'metabase', leaks)).not.toContain('Code:');
  }
});
