import { parseArgs } from 'node:util';
import { readConfig, readEnvironment } from '../config/config.ts';
import { UtmqlError } from '../errors.ts';
import { queryLimits, withServer, withStore } from '../open-store.ts';
import { reportStartFailure } from '../report-start-failure.ts';
import { type BackupProgress, createBackups } from './backups.ts';

const usage =
  'npm run backup -- --to NAME, or npm run restore -- --from NAME [--replace]: NAME is what the backup is called.';
const progressEveryMs = 2_000;

// `npm run backup -- --to NAME`, `npm run restore -- --from NAME [--replace]`
try {
  const config = readConfig(await readEnvironment(process.env));
  if (config.CLICKHOUSE_CLUSTER !== undefined)
    throw new UtmqlError('CONFIGURATION', 'A cluster is backed up by its servers: see docs/scaling.md.');
  const { verb, name, replace } = readCall();
  const limits = queryLimits({ config });
  const done = await withServer(config, (login) =>
    withStore({ ...login, database: 'default', maxConcurrency: 2, limits }, async (store) => {
      const backups = createBackups({
        store,
        database: config.CLICKHOUSE_DATABASE,
        disk: config.CLICKHOUSE_URL === undefined ? undefined : config.BACKUP_DISK,
        onProgress: paced(),
      });
      return verb === 'backup' ? backups.create(name) : backups.restore(name, { replace });
    }),
  );
  const said = verb === 'backup' ? 'is made' : `is the database ${config.CLICKHOUSE_DATABASE} now`;
  process.stdout.write(`The backup ${name} ${said}: ${megabytes(done)} in ${done.ofFiles} files.\n`);
} catch (error) {
  const isMisuse = error instanceof TypeError && 'code' in error;
  reportStartFailure(isMisuse ? new UtmqlError('CONFIGURATION', `${error.message}\n${usage}`) : error);
  process.exitCode = 1;
}

function readCall(): { verb: 'backup' | 'restore'; name: string; replace: boolean } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      to: { type: 'string' },
      from: { type: 'string' },
      replace: { type: 'boolean', default: false },
    },
  });
  const [verb] = positionals;
  if (verb === 'backup' && values.to !== undefined) return { verb, name: values.to, replace: false };
  if (verb === 'restore' && values.from !== undefined)
    return { verb, name: values.from, replace: values.replace };
  throw new UtmqlError('CONFIGURATION', usage);
}

function paced(): (progress: BackupProgress) => void {
  let last = performance.now();
  return (progress) => {
    if (performance.now() - last < progressEveryMs) return;
    last = performance.now();
    process.stdout.write(`${progress.files} of ${progress.ofFiles} files, ${megabytes(progress)}\n`);
  };
}

function megabytes({ bytes }: BackupProgress): string {
  return `${(bytes / 1_048_576).toFixed(1)} MB`;
}
