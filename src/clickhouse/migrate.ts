import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { UtmqlError } from '../errors.ts';
import { openLeaseTable } from '../leases/lease-table.ts';
import { openLeases } from '../leases/leases.ts';
import type { Logger } from '../logger.ts';
import { bind, identifier, Sql, sql } from './sql.ts';
import type { Store } from './store.ts';

interface Migration {
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

const ledgerRow = z.object({ name: z.string(), checksum: z.string() });

/**
 * Brings the database to the state that the numbered files in `folder` describe. Of several programs that start at once, one
 * applies them and the others wait, by a lease. Every file is idempotent (IF NOT EXISTS) all the same: one that was interrupted
 * is applied again.
 *
 * @throws UtmqlError CONFIGURATION when a file that was applied before has been edited since, by name.
 */
export async function migrate(options: { store: Store; folder: string; logger: Logger }): Promise<void> {
  const { store, folder, logger } = options;
  const migrations = await readMigrations(folder);
  await createLedger(store);
  if ((await missing(store, migrations)).length === 0) return;
  const leases = await openLeases({ table: await openLeaseTable(store), owner: randomUUID(), logger });
  try {
    await leases.runExclusive('migrations', async () => {
      for (const migration of await missing(store, migrations)) await apply(store, migration, logger);
    });
  } finally {
    await leases.stop();
  }
}

async function createLedger(store: Store): Promise<void> {
  await store.command(
    sql`CREATE TABLE IF NOT EXISTS schema_migrations
        (name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
        ENGINE = ReplacingMergeTree ORDER BY name`,
  );
}

/** Those that the ledger lacks. */
async function missing(store: Store, migrations: readonly Migration[]): Promise<Migration[]> {
  const applied = new Map(
    (await store.select(ledgerRow, sql`SELECT name, checksum FROM schema_migrations FINAL`)).map((row) => [
      row.name,
      row.checksum,
    ]),
  );
  const edited = migrations.find(({ name, checksum }) => (applied.get(name) ?? checksum) !== checksum);
  if (edited !== undefined) {
    throw new UtmqlError(
      'CONFIGURATION',
      `The migration ${edited.name} was edited after it had been applied to the database ${store.database}. ` +
        'Restore the file as it was and put the change into a new migration with the next number.',
    );
  }
  return migrations.filter(({ name }) => !applied.has(name));
}

async function apply(store: Store, migration: Migration, logger: Logger): Promise<void> {
  // The text is this program's own file, not input: it becomes SQL as it stands.
  for (const statement of splitStatements(migration.text)) await store.command(new Sql([statement], []));
  await store.command(
    sql`INSERT INTO schema_migrations (name, checksum) VALUES (${bind('String', migration.name)}, ${bind('String', migration.checksum)})`,
  );
  logger.info({ migration: migration.name }, 'migration applied');
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}_[a-z_]+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(`${folder}/${name}`, 'utf8');
      return {
        name,
        text,
        checksum: createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex'),
      };
    }),
  );
}

/** Statements end with a semicolon at the end of a line. */
function splitStatements(text: string): string[] {
  return text
    .split(/;[ \t]*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement.replace(/^--.*$/gm, '').trim() !== '');
}

const tableTtl = z.object({ create_table_query: z.string() });

/**
 * Sets how long each table keeps its days. Changed by a restart with other settings; costs nothing when it already holds.
 * Days that are past it are dropped by ClickHouse in the background, whole partitions at a time.
 */
export async function applyRetention(options: {
  store: Store;
  days: Readonly<Record<string, number>>;
  logger: Logger;
}): Promise<void> {
  const { store, logger } = options;
  for (const [table, days] of Object.entries(options.days)) {
    const [row] = await store.select(
      tableTtl,
      sql`SELECT create_table_query FROM system.tables WHERE database = ${bind('String', store.database)} AND name = ${bind('String', table)}`,
    );
    if (row === undefined || row.create_table_query.includes(`TTL date + toIntervalDay(${days})`)) continue;
    await store.command(
      sql`ALTER TABLE ${identifier(table)} MODIFY TTL date + toIntervalDay(${new Sql([String(Math.trunc(days))], [])})`,
      { settings: { materialize_ttl_after_modify: 0 } },
    );
    logger.info({ table, days }, 'retention set');
  }
}

/** Makes the database itself; needs a store that is opened on one that exists (`default`). */
export async function createDatabase(store: Store, name: string): Promise<void> {
  await store.command(sql`CREATE DATABASE IF NOT EXISTS ${identifier(name)}`);
}
