import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCluster } from '../../src/clickhouse/cluster/open-cluster.ts';
import { createStore } from '../../src/clickhouse/create-store.ts';
import { createDatabase, migrate } from '../../src/clickhouse/migrations/migrate.ts';
import type { Store } from '../../src/clickhouse/store.ts';
import { createAdsWriter } from '../../src/ingest/kinds/ad-performance.ts';
import {
  ad,
  adsStage,
  applyOptions,
  dayOf,
  execute,
  fill,
  partsOf,
  rowsOf,
} from '../ingest/storage/support.ts';
import { migrationsFolder, silent, testLimits } from '../support/database.ts';
import { startStoreProxy } from '../support/proxy.ts';
import { type ClusterServers, clusterName, startClusterServers } from './servers.ts';

let servers: ClusterServers;
let any: Store;
let store: Store;
const database = `c_${randomBytes(6).toString('hex')}`;
const login = () => ({
  url: servers.urls[0] ?? '',
  username: servers.username,
  password: servers.password,
  maxConcurrency: 8,
  limits: testLimits,
});
beforeAll(async () => {
  servers = await startClusterServers();
  any = createStore({ ...login(), database: 'default' });
  const layout = await openCluster(any, { cluster: clusterName, database, urls: servers.urls });
  const bootstrap = createStore({ ...login(), database: 'default', layout });
  await createDatabase(bootstrap, database);
  await bootstrap.close();
  store = createStore({ ...login(), database, layout });
  await migrate({ store, folder: migrationsFolder, logger: silent });
}, 180_000);
afterAll(async () => {
  await store.close();
  await any.close();
  await servers.close();
}, 60_000);

it.each([
  [
    'a name that the server does not know',
    { cluster: 'none_such' },
    `CLICKHOUSE_CLUSTER ("none_such") is no cluster of the server at CLICKHOUSE_URL, which knows ${clusterName}`,
  ],
  ['no macros for replicated tables', { urls: [] }, 'has no macro shard and replica'],
  ['addresses that are too few', { urls: ['http://127.0.0.1:1'] }, 'names 1 servers, but the cluster'],
])('%s is told in one sentence', async (_name, change, message) => {
  const options = { cluster: clusterName, database, urls: servers.urls, ...change };
  await expect(openCluster(any, options)).rejects.toMatchObject({
    code: 'CONFIGURATION',
    message: expect.stringContaining(message),
  });
});

it('a database of one server is not taken for one of a cluster, nor the other way round, nor one of more shards', async () => {
  const options = { folder: migrationsFolder, logger: silent };
  const alone = createStore({ ...login(), database });
  await expect(migrate({ store: alone, ...options })).rejects.toMatchObject({
    code: 'CONFIGURATION',
    message: expect.stringContaining('was made for shards by weight: 1, 1'),
  });
  await alone.close();
  const larger = { ...store, layout: { ...store.layout, shape: 'shards by weight: 1, 1, 1' } };
  await expect(migrate({ store: larger, ...options })).rejects.toMatchObject({
    message: expect.stringContaining('now gives shards by weight: 1, 1, 1'),
  });
  const other = `${database}_single`;
  await createDatabase(any, other);
  const single = createStore({ ...login(), database: other });
  await migrate({ store: single, ...options });
  await single.close();
  const layout = await openCluster(any, { cluster: clusterName, database: other, urls: servers.urls });
  const bootstrap = createStore({ ...login(), database: 'default', layout });
  await createDatabase(bootstrap, other);
  await bootstrap.close();
  const clustered = createStore({ ...login(), database: other, layout });
  await expect(migrate({ store: clustered, ...options })).rejects.toMatchObject({
    message: expect.stringContaining('was made for one server'),
  });
  await clustered.close();
});

it('a replaced day is one part on one shard: a reader sees it before or after', async () => {
  await execute(store, `SYSTEM STOP MERGES ${database}.ad_performance_local`, { everywhere: true });
  const first = dayOf('2025-01-01');
  const records = (cost: number) =>
    Array.from({ length: 2_000 }, (_, index) =>
      ad({ day: first + (index % 40), campaignId: `C-${index}`, cost }),
    );
  for (const [parts, cost] of [1, 2].entries()) {
    const stage = adsStage(store, { runId: `0198a000-0000-7000-8000-00000000000${cost}`, version: cost });
    await fill(stage, records(cost));
    await stage.apply(applyOptions());
    await stage.discard();
    const found = await partsOf(store, 'ad_performance');
    expect(found).toHaveLength(40);
    expect(found.every((day) => day.parts === parts + 1)).toBe(true);
  }
  const [shards] = await rowsOf(
    store,
    'SELECT max(n) FROM (SELECT uniqExact(_shard_num) AS n FROM ad_performance GROUP BY date)',
  );
  expect(shards).toEqual([1]);
});

it('an INSERT whose answer was lost and that is sent again stores nothing', async () => {
  const proxy = await startStoreProxy(servers.urls[0] ?? '');
  const cut = createStore({ ...login(), url: proxy.url, database, layout: store.layout });
  proxy.cutWhen(({ number }) => number % 2 === 1);
  const day = dayOf('2026-01-01');
  for (let turn = 1; turn <= 10; turn++) {
    const writer = createAdsWriter({
      store: cut,
      workspace: 'repeats',
      source: 'push',
      version: turn,
      requestId: 'test',
      capacityBytes: 1_000_000,
    });
    for (let index = 0; index < 30; index++)
      writer.add(ad({ day: day + (index % 6), campaignId: `C-${turn}-${index}` }));
    await writer.finish();
  }
  expect(proxy.cuts.get('ad_performance')).toBeGreaterThanOrEqual(10);
  expect(await rowsOf(store, "SELECT count() FROM ad_performance WHERE workspace = 'repeats'")).toEqual([
    [300],
  ]);
  await cut.close();
  await proxy.close();
});
