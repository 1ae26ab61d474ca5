import { parseArgs } from 'node:util';
import { isDenied } from '../../clickhouse/errors.ts';
import { type Config, readConfig, readEnvironment } from '../../config/config.ts';
import { UtmqlError } from '../../errors.ts';
import { withDatabase, withServer } from '../../open-store.ts';
import { createDayOfInstant } from '../../records/day.ts';
import { reportStartFailure } from '../../report-start-failure.ts';
import { systemClock } from '../../time.ts';
import { readRollupSets } from '../rollups-file.ts';
import type { Advice } from './advice.ts';
import { adviseRollups } from './advisor.ts';
import { reportOf } from './report.ts';

const usage = 'npm run rollups:advise -- [--days N] [--json] [--help]';
const mostDays = 3_650;
/** For each of its few statements. They read the log of all queries, and several days of the tables. */
const timeoutMs = 300_000;

// `npm run rollups:advise -- [--days N] [--json]`
const call = readCall();
if (typeof call === 'string') {
  process.stderr.write(`${call} Usage: ${usage}\n`);
  process.exitCode = 2;
} else if (call.help) {
  process.stdout.write(
    `${usage}\nReads what \`metrics\` was asked in the last N days (14), and says which sets of rollups would save how much and cost how much. See docs/rollups.md.\n`,
  );
} else {
  try {
    const config = readConfig(await readEnvironment(process.env));
    const { days, json } = call;
    const advice = await adviceFor(config, days);
    process.stdout.write(
      `${json ? JSON.stringify(advice, undefined, 2) : reportOf(advice, { days, file: config.ROLLUPS_FILE })}\n`,
    );
  } catch (error) {
    reportStartFailure(error);
    process.exitCode = 1;
  }
}

/** Returns what is wrong with the arguments as a sentence. */
function readCall(): string | { days: number; json: boolean; help: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        days: { type: 'string', default: '14' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const days = Number(values.days);
    if (!Number.isInteger(days) || days < 1 || days > mostDays)
      return `--days is ${JSON.stringify(values.days)}, and no number from 1 to ${mostDays}.`;
    return { days, json: values.json, help: values.help };
  } catch (error) {
    return error instanceof Error
      ? `${error.message.replace(/\.( To specify.*)?$/s, '')}.`
      : 'Wrong arguments.';
  }
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
