import { readConfig, readEnvironment } from '../config/config.ts';
import { UtmqlError } from '../errors.ts';
import { queryLimits, withServer, withStore } from '../open-store.ts';
import { type BackupProgress, type Backups, createBackups } from './backups.ts';

const progressEveryMs = 2_000;

/** `utmql backup --to NAME`. Resolves to 0. */
export async function runBackup(name: string): Promise<number> {
  const { done } = await withBackups((backups) => backups.create(name));
  process.stdout.write(`The backup ${name} is made: ${size(done)}.\n`);
  return 0;
}

/** `utmql restore --from NAME [--replace]`. Resolves to 0. */
export async function runRestore(name: string, options: { replace: boolean }): Promise<number> {
  const { done, database } = await withBackups((backups) => backups.restore(name, options));
  process.stdout.write(`The backup ${name} is the database ${database} now: ${size(done)}.\n`);
  return 0;
}

async function withBackups(
  work: (backups: Backups) => Promise<BackupProgress>,
): Promise<{ done: BackupProgress; database: string }> {
  const config = readConfig(await readEnvironment(process.env));
  if (config.CLICKHOUSE_CLUSTER !== undefined)
    throw new UtmqlError('CONFIGURATION', 'A cluster is backed up by its servers: see docs/scaling.md.');
  const database = config.CLICKHOUSE_DATABASE;
  const limits = queryLimits({ config });
  const done = await withServer(config, (login) =>
    withStore({ ...login, database: 'default', maxConcurrency: 2, limits }, (store) =>
      work(
        createBackups({
          store,
          database,
          disk: config.CLICKHOUSE_URL === undefined ? undefined : config.BACKUP_DISK,
          onProgress: paced(),
        }),
      ),
    ),
  );
  return { done, database };
}

function paced(): (progress: BackupProgress) => void {
  let last = performance.now();
  return (progress) => {
    if (performance.now() - last < progressEveryMs) return;
    last = performance.now();
    process.stdout.write(`${progress.files} of ${progress.ofFiles} files, ${megabytes(progress)}\n`);
  };
}

const size = (done: BackupProgress): string => `${megabytes(done)} in ${done.ofFiles} files`;

function megabytes({ bytes }: BackupProgress): string {
  return `${(bytes / 1_048_576).toFixed(1)} MB`;
}
