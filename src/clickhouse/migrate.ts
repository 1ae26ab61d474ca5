import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { UtmqlError } from '../errors.ts';
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
 * Brings the database to the state that the numbered files in `folder` describe. Every file is idempotent (IF NOT EXISTS),
 * so two programs may run them at once: each statement is harmless the second time and the ledger keeps one row a file.
 *
 * @throws UtmqlError CONFIGURATION when a file that was applied before has been edited since, by name.
 */
export async function migrate(options: { store: Store; folder: string; logger: Logger }): Promise<void> {
  const { store, folder, logger } = options;
  await store.command(
    sql`CREATE TABLE IF NOT EXISTS schema_migrations
        (name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
        ENGINE = ReplacingMergeTree ORDER BY name`,
  );
  const applied = new Map(
    (await store.select(ledgerRow, sql`SELECT name, checksum FROM schema_migrations FINAL`)).map((row) => [
      row.name,
      row.checksum,
    ]),
  );
  for (const migration of await readMigrations(folder)) {
    const known = applied.get(migration.name);
    if (known === migration.checksum) continue;
    if (known !== undefined) {
      throw new UtmqlError(
        'CONFIGURATION',
        `The migration ${migration.name} was edited after it had been applied to the database ${store.database}. ` +
          'Restore the file as it was and put the change into a new migration with the next number.',
      );
    }
    // The text is this program's own file, not input: it becomes SQL as it stands.
    for (const statement of splitStatements(migration.text)) await store.command(new Sql([statement], []));
    await store.command(
      sql`INSERT INTO schema_migrations (name, checksum) VALUES (${bind('String', migration.name)}, ${bind('String', migration.checksum)})`,
    );
    logger.info({ migration: migration.name }, 'migration applied');
  }
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
