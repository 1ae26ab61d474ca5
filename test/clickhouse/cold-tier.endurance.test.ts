import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createStore } from '../../src/clickhouse/create-store.ts';
import { createDatabase, migrate } from '../../src/clickhouse/migrations/migrate.ts';
import { type OwnServer, startOwnServer } from '../../src/clickhouse/own-server/server.ts';
import { applyRetention } from '../../src/clickhouse/retention.ts';
import type { Store } from '../../src/clickhouse/store.ts';
import { createLogger } from '../../src/logger.ts';
import { createSqlReader, type SqlReader } from '../faults/sql-reader.ts';
import { migrationsFolder, silent, testLimits } from '../support/database.ts';
import { writeEngineConfig } from '../support/engine-config.ts';
import { eventually } from '../support/push-records.ts';

const cold = { policy: 'tiered', volume: 'cold', afterDays: 90 };

let folder: string;
let server: OwnServer;
let store: Store;
let sql: SqlReader;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-cold-'));
  const tiers = `<storage_configuration>
    <disks><cold_disk><path>${folder}/cold/</path></cold_disk></disks>
    <policies><tiered><volumes>
      <default><disk>default</disk></default><cold><disk>cold_disk</disk></cold>
    </volumes></tiered></policies>
  </storage_configuration>`;
  const configFile = await writeEngineConfig(folder, tiers);
  const password = randomBytes(24).toString('base64url');
  server = await startOwnServer({
    dataDir: join(folder, 'data'),
    memoryLimitBytes: 2 * 1_024 ** 3,
    logger: createLogger({ level: 'silent' }),
    onLost: (error) => {
      throw error;
    },
    shard: { configFile, tcpPort: 0, password },
  });
  const login = { ...server, maxConcurrency: 4, limits: testLimits };
  const bootstrap = createStore({ ...login, database: 'default' });
  await createDatabase(bootstrap, 'tiers');
  await bootstrap.close();
  store = createStore({ ...login, database: 'tiers' });
  sql = createSqlReader(server, 'tiers');
  await migrate({ store, folder: migrationsFolder, logger: silent });
}, 60_000);
afterAll(async () => {
  await store.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const days = { ad_performance: 540 };
const tableSql = async (): Promise<string> => {
  const text = await sql.text(
    `SELECT create_table_query FROM system.tables WHERE database = 'tiers' AND name = 'ad_performance'`,
  );
  return text.replaceAll("\\'", "'");
};

it('older days move to the cold volume, and are read from there', async () => {
  await applyRetention({ store, days, cold, logger: silent });
  await sql.command(
    `INSERT INTO ad_performance (workspace, date, campaign_id, clicks) SELECT 'default', today() - number, 'C', 1 FROM numbers(120) SETTINGS max_partitions_per_insert_block = 200`,
  );
  const disks = (): Promise<readonly (readonly string[])[]> =>
    sql.rows(
      `SELECT disk_name, count() FROM system.parts WHERE active AND database = 'tiers' AND table = 'ad_performance' GROUP BY disk_name ORDER BY disk_name`,
    );
  await eventually(async () => (await disks()).join() === 'cold_disk,30,default,90');
  expect(await sql.count('SELECT sum(clicks) FROM ad_performance FINAL')).toBe(120);
});

it('is set once, changed by other settings, and ends when it is no longer asked for', async () => {
  await applyRetention({ store, days, cold, logger: silent });
  const before = await sql.text(
    `SELECT metadata_modification_time FROM system.tables WHERE database = 'tiers' AND name = 'ad_performance'`,
  );
  await applyRetention({ store, days, cold, logger: silent });
  expect(
    await sql.text(
      `SELECT metadata_modification_time FROM system.tables WHERE database = 'tiers' AND name = 'ad_performance'`,
    ),
  ).toBe(before);
  await applyRetention({ store, days, cold: { ...cold, afterDays: 200 }, logger: silent });
  expect(await tableSql()).toContain(
    "TTL date + toIntervalDay(200) TO VOLUME 'cold', date + toIntervalDay(540)",
  );
  await applyRetention({ store, days, logger: silent });
  expect(await tableSql()).toContain('TTL date + toIntervalDay(540) SETTINGS');
});

it('a volume that the server does not have is told, with those it has', async () => {
  const nowhere = applyRetention({ store, days, cold: { ...cold, volume: 'ice' }, logger: silent });
  await expect(nowhere).rejects.toThrow(/no volume ice .*tiered: default; tiered: cold/);
});
