import { randomUUID } from 'node:crypto';
import { access, constants, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UtmqlError } from '../../errors.ts';

/** Where the own server keeps what. All paths are absolute. */
export interface OwnServerFolder {
  readonly dataDir: string;
  /** ClickHouse's own folder. Whoever runs on it holds the lock of the file `status` in it. */
  readonly storeDir: string;
  readonly logFile: string;
  /** Where `BACKUP … TO File('name')` writes. */
  readonly backupDir: string;
  /** Holds the process id of the utmql that uses the folder, to be named to a second one. */
  readonly pidFile: string;
}

/** Makes the folder ready to start on. Throws `CONFIGURATION` when it cannot be written. */
export async function prepareFolder(dataDir: string): Promise<OwnServerFolder> {
  const root = resolve(dataDir);
  const folder: OwnServerFolder = {
    dataDir: root,
    storeDir: join(root, 'clickhouse'),
    logFile: join(root, 'clickhouse.log'),
    backupDir: join(root, 'clickhouse-backups'),
    pidFile: join(root, 'utmql.pid'),
  };
  try {
    const metadataDir = join(folder.storeDir, 'metadata');
    await mkdir(metadataDir, { recursive: true, mode: 0o700 });
    await mkdir(folder.backupDir, { recursive: true, mode: 0o700 });
    for (const path of [root, folder.storeDir, metadataDir])
      await access(path, constants.W_OK | constants.X_OK);
    await declareSystemDatabase(join(metadataDir, 'system.sql'));
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new UtmqlError(
      'CONFIGURATION',
      `The data folder ${root} cannot be written${reason}: make it writable for this user or set DATA_DIR to another folder.`,
      { cause },
    );
  }
  return folder;
}

/**
 * Without this file `clickhouse local` keeps the database `system` in memory, and its `query_log`, whose files stay on
 * disk, cannot be made again at the second start (26.7: TABLE_ALREADY_EXISTS, every few seconds).
 */
async function declareSystemDatabase(path: string): Promise<void> {
  // A crash can leave it empty, and ClickHouse would refuse to start for ever after.
  if ((await readFile(path, 'utf8').catch(() => '')) !== '') return;
  await rm(path, { force: true });
  await writeFile(path, `ATTACH DATABASE _ UUID '${randomUUID()}' ENGINE = Atomic\n`, {
    flag: 'wx',
    mode: 0o600,
  });
}

/** Notes that this process uses the folder. Call it only while holding ClickHouse's lock. */
export async function claim(folder: OwnServerFolder): Promise<void> {
  await writeFile(folder.pidFile, `${process.pid}\n`, { mode: 0o600 });
}

/** Takes the note of `claim` back. */
export async function release(folder: OwnServerFolder): Promise<void> {
  await rm(folder.pidFile, { force: true });
}

/** The process id of the utmql that uses the folder, if it is noted and alive. */
export async function livingOwner(folder: OwnServerFolder): Promise<number | undefined> {
  const pid = Number(await readFile(folder.pidFile, 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  try {
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    // EPERM: it lives, but belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM' ? pid : undefined;
  }
}
