import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { bind, identifier, Sql, sql } from '../clickhouse/sql.ts';
import type { Store } from '../clickhouse/store.ts';
import { UtmqlError } from '../errors.ts';

const pollEveryMs = 250;

/** The progress of a backup or restore. */
export interface BackupProgress {
  readonly files: number;
  readonly ofFiles: number;
  readonly bytes: number;
}

/** Backs up and restores the whole database with ClickHouse's own commands. */
export interface Backups {
  /** @throws UtmqlError CONFIGURATION if the name is taken, or the server has no place for backups */
  create(name: string): Promise<BackupProgress>;
  /**
   * Replaces the database by a backup. The backup is first restored under another name, so that an unreadable one changes
   * nothing.
   *
   * @param options.replace whether the current rows may be dropped. Without it, a database with rows is an error
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
 * @param options.store opened on a database other than the one to copy
 * @param options.disk a disk of the server; undefined: the folder that its `backups.allowed_path` names
 * @param options.onProgress called several times a second
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
      throw wrong(
        `${JSON.stringify(name)} is not a valid name of a backup: use letters, digits, ".", "_" and "-".`,
      );
    }
    // ClickHouse accepts no parameters here. Both names contain no character that could end a literal.
    return new Sql([disk === undefined ? `File('${name}')` : `Disk('${disk}', '${name}')`], []);
  };

  /** Starts a backup or restore and waits until it ends. */
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
        throw wrong('ClickHouse does not know the backup any more; it may have restarted. Try again.');
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
          `The database ${database} holds ${rows} rows. Add --replace to replace them by the backup. To keep them, set CLICKHOUSE_DATABASE to a new name.`,
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
        // ClickHouse renames one database at a time: for a moment the database does not exist, and queries fail.
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

/** ClickHouse reports no error type here, so this looks for error names in the text. */
function explain(error: string): UtmqlError {
  const cause = new Error(error);
  if (error.includes('BACKUP_ALREADY_EXISTS'))
    return wrong('A backup of this name already exists. Choose another name.', cause);
  if (error.includes('BACKUP_NOT_FOUND')) return wrong('There is no backup of this name.', cause);
  if (/INVALID_CONFIG_PARAMETER|BACKUP_DISK|is not allowed for backups|UNKNOWN_DISK/.test(error)) {
    return wrong(
      'The ClickHouse server has no such place for backups: set backups.allowed_path, or backups.allowed_disk and BACKUP_DISK (docs/backup.md).',
      cause,
    );
  }
  return new UtmqlError(
    'STORE_UNAVAILABLE',
    `The backup or restore failed in ClickHouse: ${error.slice(0, 500)}`,
    { cause },
  );
}
