import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { createDatabase, migrate } from '../../src/clickhouse/migrate.ts';
import { applyRetention } from '../../src/clickhouse/retention.ts';
import { identifier, sql } from '../../src/clickhouse/sql.ts';
import { createStore, type QueryLimits, type Store } from '../../src/clickhouse/store.ts';
import { createLogger } from '../../src/logger.ts';

export const silent = createLogger({ level: 'silent' });
export const migrationsFolder = fileURLToPath(new URL('../../clickhouse', import.meta.url));
export const testLimits: QueryLimits = {
  timeoutMs: 30_000,
  maxMemoryBytes: 2_000_000_000,
  maxRowsToRead: 2_000_000_000,
};

/** A store on a database of its own that nobody has touched. */
export async function openStore(
  database = `t_${randomBytes(6).toString('hex')}`,
): Promise<Store & { drop(): Promise<void> }> {
  const login = { ...inject('clickhouse'), maxConcurrency: 8, limits: testLimits };
  const bootstrap = createStore({ ...login, database: 'default' });
  await createDatabase(bootstrap, database);
  await bootstrap.close();
  const store = createStore({ ...login, database });
  return {
    ...store,
    async drop() {
      await store.command(sql`DROP DATABASE IF EXISTS ${identifier(database)}`);
      await store.close();
    },
  };
}

/** The same with all tables in place. */
export async function openMigratedStore(): Promise<Store & { drop(): Promise<void> }> {
  const store = await openStore();
  await migrate({ store, folder: migrationsFolder, logger: silent });
  // Tests are on fixed dates, which must not expire as time goes by.
  const days = 20_000;
  await applyRetention({
    store,
    days: {
      ad_performance: days,
      opportunities: days,
      events: days,
      ingest_runs: days,
      rejected_records: days,
    },
    logger: silent,
  });
  return store;
}
