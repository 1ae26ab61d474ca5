import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { UtmqlError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import { define } from '../define.ts';
import { openLeaseTable } from '../leases/lease-table.ts';
import { openLeases } from '../leases/leases.ts';
import { bind, identifier, sql } from '../sql.ts';
import type { Store } from '../store.ts';

interface Migration {
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

const ledgerTable = `CREATE TABLE IF NOT EXISTS schema_migrations
  (name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
  ENGINE = ReplacingMergeTree ORDER BY name`;

/** The ledger's row about where rows are (`Layout`), beside those of the files. */
const layoutEntry = 'layout';

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
  const { shape } = store.layout;
  const migrations = await readMigrations(folder);
  await define(store, ledgerTable);
  const ledger = await readLedger(store);
  if (ledger.size > 0 && ledger.get(layoutEntry) !== shape) {
    throw otherLayout(store.database, ledger.get(layoutEntry), shape);
  }
  const newer = [...ledger.keys()].filter(
    (name) => name !== layoutEntry && !migrations.some((known) => known.name === name),
  );
  if (newer.length > 0) {
    logger.warn(
      { migration: newer.join(', ') },
      'a newer version of utmql has changed this database: docs/upgrading.md says whether this one may go on with it',
    );
  }
  if (missing(store, ledger, migrations).length === 0) return;
  const leases = await openLeases({ table: await openLeaseTable(store), owner: randomUUID(), logger });
  try {
    await leases.runExclusive('migrations', async () => {
      const applied = await readLedger(store);
      if (applied.size === 0 && shape !== undefined) await remember(store, layoutEntry, shape);
      for (const migration of missing(store, applied, migrations)) await apply(store, migration, logger);
    });
  } finally {
    await leases.stop();
  }
}

/** Checksums by name. */
type Ledger = ReadonlyMap<string, string>;

async function readLedger(store: Store): Promise<Ledger> {
  const rows = await store.select(ledgerRow, sql`SELECT name, checksum FROM schema_migrations FINAL`);
  return new Map(rows.map((row) => [row.name, row.checksum]));
}

const remember = (store: Store, name: string, checksum: string): Promise<void> =>
  store.command(
    sql`INSERT INTO schema_migrations (name, checksum) VALUES (${bind('String', name)}, ${bind('String', checksum)})`,
    { changesAnswersOf: [] },
  );

/** On a cluster of another number of shards, rows would be looked for and replaced where they are not. */
const otherLayout = (database: string, was: string | undefined, is: string | undefined): UtmqlError =>
  new UtmqlError(
    'CONFIGURATION',
    `The database ${database} was made for ${was ?? 'one server'}, and CLICKHOUSE_CLUSTER now gives ${is ?? 'one server'}. ` +
      'Set CLICKHOUSE_DATABASE to a new name and copy the tables as docs/scaling.md says.',
  );

/** Those that the ledger lacks. */
function missing(store: Store, applied: Ledger, migrations: readonly Migration[]): Migration[] {
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
  for (const statement of splitStatements(migration.text)) await define(store, statement);
  await remember(store, migration.name, migration.checksum);
  logger.info({ migration: migration.name }, 'migration applied');
}

export async function readMigrations(folder: string): Promise<Migration[]> {
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
export function splitStatements(text: string): string[] {
  return text
    .split(/;[ \t]*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement.replace(/^--.*$/gm, '').trim() !== '');
}

/** Makes the database itself; needs a store that is opened on one that exists (`default`). */
export async function createDatabase(store: Store, name: string): Promise<void> {
  await store.command(sql`CREATE DATABASE IF NOT EXISTS ${identifier(name)}${store.layout.onCluster}`, {
    changesAnswersOf: [],
    everywhere: true,
  });
}
