import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import pino from 'pino';
import { type Environment, readConfig } from '../config/config.ts';
import { UtmqlError } from '../errors.ts';
import { pulledKinds } from '../ingest/kinds/kinds.ts';
import { acceptedDays } from '../ingest/kinds/normalisers.ts';
import { createLogger } from '../logger.ts';
import { nearest } from '../nearest.ts';
import { createDayOfInstant, type Day } from '../records/day.ts';
import { createSource } from '../sources/create-source.ts';
import { createRefreshTokens } from '../sources/refresh-tokens.ts';
import type { FileSource } from '../sources/settings/sources-file.ts';
import { contextDefaults, defaultRecordRules } from '../sources/source-defaults.ts';
import { listFeeds } from '../sources/sources.ts';
import type { Clock } from '../time.ts';
import { reportOf, wouldStoreRecords } from './report.ts';
import { trySource } from './trial.ts';

/** Which source is to be tried. */
export interface TrialArguments {
  readonly source: string;
  /** The workspace that it must be of. */
  readonly workspace: string | undefined;
  /** Undefined: the last full day in the source's time zone. */
  readonly day: Day | undefined;
}

/**
 * `utmql start --try-source NAME`: reads one day of a source and tells what would be stored of it. Needs no ClickHouse and stores
 * nothing, but for a refresh token that the platform has replaced: without it, the next run could not log in.
 *
 * @returns the exit code: 0 when a run that reads the same would store something
 * @throws UtmqlError CONFIGURATION, for the operator
 */
export async function runTrySource(
  wanted: TrialArguments,
  options: {
    environment: Environment;
    clock: Clock;
    signal: AbortSignal;
    write: (report: string) => void;
  },
): Promise<number> {
  const { environment, clock, signal, write } = options;
  const config = readConfig(environment);
  const { SOURCES_FILE: file, ADS_API_URL: adsUrl, CRM_API_URL: crmUrl } = config;
  const { settings, secrets } = selectSource(
    (await listFeeds({ file, adsUrl, crmUrl, environment })).sources,
    wanted,
  );
  // Nothing is stored, so contacts need no key that holds.
  const rules = defaultRecordRules(config, config.CONTACT_HASH_KEY ?? randomBytes(32).toString('hex'));
  const source = createSource(settings, secrets, {
    folder: dirname(file ?? '.'),
    defaults: contextDefaults(config, rules),
    metrics: undefined,
    clock,
    refreshTokens: createRefreshTokens(join(config.DATA_DIR, 'refresh-tokens')),
  });
  const today = createDayOfInstant(source.rules.timezone)(clock.now());
  const trial = await trySource(source, {
    day: wanted.day ?? today - 1,
    takenDays: acceptedDays(pulledKinds[source.kind], config, clock.now()),
    signal,
    // Standard output has the report.
    logger: createLogger({ level: 'warn', destination: pino.destination(2) }),
  });
  write(reportOf(source, trial, (text) => secrets.redact(text)));
  return wouldStoreRecords(trial) ? 0 : 1;
}

function selectSource(
  sources: readonly FileSource[],
  { source: name, workspace }: TrialArguments,
): FileSource {
  const found = sources.find(({ settings }) => settings.name === name);
  if (found !== undefined && (workspace === undefined || found.settings.workspace === workspace))
    return found;
  if (found !== undefined) {
    throw new UtmqlError(
      'CONFIGURATION',
      `The source ${name} is of workspace ${found.settings.workspace}, and not of ${workspace}.`,
    );
  }
  const inWorkspace = sources.filter(
    ({ settings }) => workspace === undefined || settings.workspace === workspace,
  );
  const names = inWorkspace.map(({ settings }) => settings.name);
  const close = nearest(name, names);
  const where = workspace === undefined ? '' : ` in workspace ${workspace}`;
  const those =
    names.length === 0
      ? 'There are none; SOURCES_FILE names a file of them (docs/sources.md)'
      : `${close === undefined ? '' : `Did you mean ${close}? `}There are: ${names.join(', ')}`;
  throw new UtmqlError('CONFIGURATION', `There is no source ${JSON.stringify(name)}${where}. ${those}.`);
}
