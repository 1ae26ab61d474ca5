import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { createStore } from '../../src/clickhouse/create-store.ts';
import { createDatabase, migrate } from '../../src/clickhouse/migrations/migrate.ts';
import { applyRetention } from '../../src/clickhouse/retention.ts';
import { bind, identifier, sql } from '../../src/clickhouse/sql.ts';
import type { Store, StoreLimits } from '../../src/clickhouse/store.ts';
import { createLogger } from '../../src/logger.ts';
import type { EngineLogin } from './engine.ts';

const silent = createLogger({ level: 'silent' });
export const migrationsFolder = fileURLToPath(new URL('../../clickhouse', import.meta.url));
export const testLimits: StoreLimits = {
  timeoutMs: 30_000,
  maxMemoryBytes: 2_000_000_000,
  maxRowsToRead: 2_000_000_000,
};
/** Tests are on fixed dates, which must not expire as time goes by. */
export const keptDays = 20_000;

const template = 'utmql_template';

/** The database with all tables in place that those of the tests are copied from. */
export async function createTemplate(login: EngineLogin): Promise<void> {
  const options = { ...login, maxConcurrency: 8, limits: testLimits };
  const bootstrap = createStore({ ...options, database: 'default' });
  await createDatabase(bootstrap, template);
  await bootstrap.close();
  const store = createStore({ ...options, database: template });
  await migrate({ store, folder: migrationsFolder, logger: silent });
  await applyRetention({
    store,
    days: {
      ad_performance: keptDays,
      opportunities: keptDays,
      events: keptDays,
      event_attributions: keptDays,
      ingest_runs: keptDays,
      rejected_records: keptDays,
    },
    logger: silent,
  });
  await store.close();
}

const tableRow = z.object({ name: z.string(), total_rows: z.number().nullable() });

/** Makes the tables of the template in a database that has none: an eighth of the statements that migrating takes. */
export async function copyTemplate(store: Store): Promise<void> {
  const tables = await store.select(
    tableRow,
    sql`SELECT name, total_rows FROM system.tables WHERE database = ${bind('String', template)}`,
  );
  await Promise.all(
    tables.map(async ({ name, total_rows: rows }) => {
      const [table, from] = [identifier(name), sql`${identifier(template)}.${identifier(name)}`];
      await store.command(sql`CREATE TABLE ${table} AS ${from}`, { changesAnswersOf: [] });
      if (rows !== null && rows > 0)
        await store.command(sql`INSERT INTO ${table} SELECT * FROM ${from}`, { changesAnswersOf: [] });
    }),
  );
}

/**
 * Takes away all rows that the tables of the template do not have: much cheaper than another database.
 *
 * @param options.except tables that keep their rows
 * @param options.changesAnswersOf workspaces whose answers a running program may have cached
 */
export async function truncateTables(
  store: Store,
  {
    except = [],
    changesAnswersOf = [],
  }: { except?: readonly string[]; changesAnswersOf?: readonly string[] } = {},
): Promise<void> {
  const filled = (database: string) =>
    sql`SELECT name, total_rows FROM system.tables WHERE database = ${bind('String', database)} AND total_rows > 0`;
  const kept = new Set([
    ...except,
    ...(await store.select(tableRow, filled(template))).map(({ name }) => name),
  ]);
  const tables = await store.select(tableRow, filled(store.database));
  await Promise.all(
    tables
      .filter(({ name }) => !kept.has(name))
      .map(({ name }) => store.command(sql`TRUNCATE TABLE ${identifier(name)}`, { changesAnswersOf })),
  );
}
