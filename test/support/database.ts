import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { createStore } from '../../src/clickhouse/create-store.ts';
import { createDatabase } from '../../src/clickhouse/migrations/migrate.ts';
import { identifier, sql } from '../../src/clickhouse/sql.ts';
import type { Store } from '../../src/clickhouse/store.ts';
import { createLogger } from '../../src/logger.ts';
import { copyTemplate, testLimits } from './template.ts';

export { migrationsFolder, testLimits, truncateTables } from './template.ts';

export const silent = createLogger({ level: 'silent' });
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
      await store.command(sql`DROP DATABASE IF EXISTS ${identifier(database)}`, { changesAnswersOf: [] });
      await store.close();
    },
  };
}

/** The same with all tables in place. */
export async function openMigratedStore(): Promise<Store & { drop(): Promise<void> }> {
  const store = await openStore();
  await copyTemplate(store);
  return store;
}

/** A database of its own with all tables in place, for a program to start on. */
export async function createMigratedDatabase(database: string): Promise<void> {
  const store = await openStore(database);
  await copyTemplate(store);
  await store.close();
}
