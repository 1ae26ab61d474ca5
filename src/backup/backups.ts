import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { bind, identifier, Sql, sql } from '../clickhouse/sql.ts';
import type { Store } from '../clickhouse/store.ts';
import { UtmqlError } from '../errors.ts';

const pollEveryMs = 250;

/** How far a backup or restore has come. */
export interface BackupProgress {
  readonly files: number;
  readonly ofFiles: number;
  readonly bytes: number;
}

/** Copies of the whole database, made and put back by ClickHouse itself. */
export interface Backups {
  /** @throws UtmqlError CONFIGURATION for a name that is taken, or a server that has no place for backups */
  create(name: string): Promise<BackupProgress>;
  /**
   * Puts a backup in the database's place. It is restored beside the database first: one that cannot be read changes nothing.
   *
   * @param options.replace what the database holds is to be given up; without it a database with rows is left alone
   * @throws UtmqlError CONFIGURATION
   */
  restore(name: string, options: { readonly replace: boolean }): Promise<BackupProgress>;
}

const states = z.object({
  status: z.string(),
  error: z.string(),
  files: z.number(),
  bytes: z.number(),
  read: z.number(),
});

/**
 * @param options.store opened on a database that is not the one to be copied
 * @param options.disk of the server; undefined: the folder that its `backups.allowed_path` names
 * @param options.onProgress is called several times a second
 */
export function createBackups(options: {
  store: Store;
  database: string;
  disk: string | undefined;
  onProgress: (progress: BackupProgress) => void;
}): Backups {
  const { store, database, disk } = options;

  const placeOf = (name: string): Sql => {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) {
      throw wrong(`${JSON.stringify(name)} is no name of a backup: letters, digits, ".", "_" and "-".`);
    }
    // ClickHouse takes no parameters here; both names hold nothing that a literal could end with.
    return new Sql([disk === undefined ? `File('${name}')` : `Disk('${disk}', '${name}')`], []);
  };

  /** Starts it, and follows it to its end. */
  const follow = async (statement: Sql): Promise<BackupProgress> => {
    const id = randomUUID();
    await store.command(sql`${statement} SETTINGS id = ${new Sql([`'${id}'`], [])} ASYNC`, {
      changesAnswersOf: [],
    });
    for (;;) {
      const [state] = await store.select(
        states,
        sql`SELECT status, error, num_files AS files, total_size AS bytes, files_read AS read FROM system.backups WHERE id = ${bind('String', id)}`,
      );
      if (state === undefined)
        throw wrong('ClickHouse has forgotten the backup: was it restarted? Try again.');
      const progress = { files: state.read, ofFiles: state.files, bytes: state.bytes };
      if (/FAILED|CANCELLED/.test(state.status)) throw explain(state.error);
      options.onProgress(progress);
      if (/^(BACKUP_CREATED|RESTORED)$/.test(state.status)) return progress;
      await delay(pollEveryMs);
    }
  };

  const rowsOf = async (): Promise<number | undefined> => {
    const [tables] = await store.select(
      z.object({ tables: z.number(), rows: z.number() }),
      sql`SELECT count() AS tables, toUInt64(sum(ifNull(total_rows, 0))) AS rows FROM system.tables WHERE database = ${bind('String', database)}`,
    );
    return tables === undefined || tables.tables === 0 ? undefined : tables.rows;
  };
  const drop = (name: string): Promise<void> =>
    store.command(sql`DROP DATABASE IF EXISTS ${identifier(name)} SYNC`, { changesAnswersOf: [] });

  const rename = (from: string, to: string): Promise<void> =>
    store.command(sql`RENAME DATABASE ${identifier(from)} TO ${identifier(to)}`, { changesAnswersOf: [] });

  return {
    create: async (name) => follow(sql`BACKUP DATABASE ${identifier(database)} TO ${placeOf(name)}`),
    async restore(name, { replace }) {
      const place = placeOf(name);
      const rows = await rowsOf();
      if (rows !== undefined && rows > 0 && !replace) {
        throw wrong(
          `The database ${database} holds ${rows} rows. To give them up for the backup, add --replace; to keep them, set CLICKHOUSE_DATABASE to a new name.`,
        );
      }
      const fresh = `${database}_restored`;
      const former = `${database}_replaced`;
      await drop(fresh);
      try {
        const progress = await follow(
          sql`RESTORE DATABASE ${identifier(database)} AS ${identifier(fresh)} FROM ${place}`,
        );
        await drop(former);
        // ClickHouse renames one database at a time: for a moment there is none, and queries fail.
        if (rows !== undefined) await rename(database, former);
        try {
          await rename(fresh, database);
        } catch (error) {
          if (rows !== undefined) await rename(former, database);
          throw error;
        }
        await drop(former);
        return progress;
      } finally {
        await drop(fresh);
      }
    },
  };
}

const wrong = (message: string, cause?: unknown): UtmqlError =>
  new UtmqlError('CONFIGURATION', message, cause === undefined ? {} : { cause });

/** ClickHouse gives no type here, so the names of its errors within the text must do. */
function explain(error: string): UtmqlError {
  const cause = new Error(error);
  if (error.includes('BACKUP_ALREADY_EXISTS'))
    return wrong('There is a backup of this name already. Give another.', cause);
  if (error.includes('BACKUP_NOT_FOUND')) return wrong('There is no backup of this name.', cause);
  if (/INVALID_CONFIG_PARAMETER|BACKUP_DISK|is not allowed for backups|UNKNOWN_DISK/.test(error)) {
    return wrong(
      'The ClickHouse server has no such place for backups: set backups.allowed_path, or backups.allowed_disk and BACKUP_DISK (docs/backup.md).',
      cause,
    );
  }
  return new UtmqlError('STORE_UNAVAILABLE', `ClickHouse could not do it: ${error.slice(0, 500)}`, { cause });
}
