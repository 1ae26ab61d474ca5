import { isDenied } from '../../clickhouse/errors.ts';
import { type Config, readConfig, readEnvironment } from '../../config/config.ts';
import { UtmqlError } from '../../errors.ts';
import { withDatabase, withServer } from '../../open-store.ts';
import { createDayOfInstant } from '../../records/day.ts';
import { systemClock } from '../../time.ts';
import { UsageError } from '../../usage-error.ts';
import { readRollupSets } from '../rollups-file.ts';
import type { Advice } from './advice.ts';
import { adviseRollups } from './advisor.ts';
import { reportOf } from './report.ts';

const usualDays = '14';
const mostDays = 3_650;
/** For each of its few statements. They read the log of all queries, and several days of the tables. */
const timeoutMs = 300_000;

/**
 * `utmql rollups:advise [--days N] [--json]`: reads what `metrics` was asked, and prints which sets of rollups are worth it. Resolves to 0.
 *
 * @throws UsageError, UtmqlError
 */
export async function runAdvisor(values: {
  readonly days?: string | undefined;
  readonly json?: boolean | undefined;
}): Promise<number> {
  const days = readDays(values.days ?? usualDays);
  const config = readConfig(await readEnvironment(process.env));
  const advice = await adviceFor(config, days);
  const report = values.json
    ? JSON.stringify(advice, undefined, 2)
    : reportOf(advice, { days, file: config.ROLLUPS_FILE });
  process.stdout.write(`${report}\n`);
  return 0;
}

function readDays(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1 || days > mostDays)
    throw new UsageError(`--days is ${JSON.stringify(text)}, and no number from 1 to ${mostDays}.`);
  return days;
}

async function adviceFor(config: Config, days: number): Promise<Advice> {
  if (config.ROLLUPS === 'off')
    throw wrong('ROLLUPS is off, so no set is used. Set it to on, and run this again some days later.');
  const sets = await readRollupSets(config.ROLLUPS_FILE);
  const today = createDayOfInstant(config.REPORTING_TIMEZONE)(systemClock.now());
  const limits = {
    timeoutMs,
    maxMemoryBytes: config.QUERY_MEMORY_MB * 1_048_576,
    maxRowsToRead: Number.MAX_SAFE_INTEGER,
  };
  try {
    return await withServer(config, (login) =>
      withDatabase(config, { ...login, maxConcurrency: 2, limits }, async (store) => {
        if (store.layout.isReplicated)
          throw wrong('A cluster with Keeper has no rollups: see docs/rollups.md.');
        return adviseRollups({ store, sets, days, today, user: login.username });
      }),
    );
  } catch (error) {
    throw explained(error, config);
  }
}

function explained(error: unknown, { CLICKHOUSE_URL: url, CLICKHOUSE_USER: user }: Config): unknown {
  if (!(error instanceof UtmqlError)) return error;
  if (isDenied(error))
    return wrong(
      `The ClickHouse user ${JSON.stringify(user)} may not read what this needs: SELECT on the database of utmql, on system.parts and on system.query_log.`,
      error,
    );
  if (error.code === 'TIMEOUT')
    return wrong(
      `The estimate took longer than ${timeoutMs / 1_000} s. Run this at a quieter time, or with fewer --days.`,
      error,
    );
  return url !== undefined && error.code === 'STORE_UNAVAILABLE'
    ? wrong(`${error.message} CLICKHOUSE_URL must name the running server that utmql uses.`, error)
    : error;
}

function wrong(message: string, cause?: unknown): UtmqlError {
  return new UtmqlError('CONFIGURATION', message, { cause });
}
