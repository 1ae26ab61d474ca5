import { z } from 'zod';
import { bind, identifier, join, type Sql, sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import type { Logger } from '../../logger.ts';
import type { Clock } from '../../time.ts';

/** The versions of all tables are read at the start, for so long at most. */
const lookSeconds = 10;

/**
 * The time by which of two records the later wins. It is the clock's, but never goes back: after a clock that ran ahead was put
 * right, what comes in would stand behind what is stored, invisible, until the clock is there again.
 */
export interface Versions extends Clock {
  /** Nothing from now on is older than this (epoch milliseconds). */
  raise(epochMs: number): void;
}

/**
 * While the clock is behind, the time goes on at this part of its pace: what comes in one after the other still differs, which
 * deduplication goes by, and the clock catches up.
 */
const paceBehind = 0.9;
/** Longest step at a time: a clock that jumps ahead again does not push the time further ahead. */
const longestStepMs = 1_000;

export function createVersions(clock: Clock): Versions {
  let last = Number.NEGATIVE_INFINITY;
  let seen = Number.POSITIVE_INFINITY;
  return {
    now() {
      const time = clock.now();
      const step = Math.min(longestStepMs, Math.max(0, time - seen));
      seen = time;
      last = Math.max(time, last + step * paceBehind);
      return Math.floor(last);
    },
    raise(epochMs) {
      last = Math.max(last, epochMs);
    },
  };
}

const newest = z.object({ version: z.number() });

/**
 * Raises versions above what is stored from a clock that ran ahead, of this process or another, before this start.
 *
 * @param options.tables those with versions
 */
export async function raiseAboveStored(options: {
  tables: readonly string[];
  store: Store;
  versions: Versions;
  clock: Clock;
  logger: Logger;
}): Promise<void> {
  const { tables, store, versions, clock, logger } = options;
  const now = bind('UInt64', clock.now() * 1_000);
  const newestIn = (table: string): Sql =>
    sql`SELECT max(version) AS newest FROM ${identifier(table)} WHERE version > ${now}`;
  const call = {
    settings: {
      max_execution_time: lookSeconds,
      timeout_overflow_mode: 'break',
      max_rows_to_read: '0',
    },
  } as const;
  const [row] = await store.select(
    newest,
    sql`SELECT max(newest) AS version FROM (${join(tables.map(newestIn), ' UNION ALL ')})`,
    call,
  );
  const ahead = Math.ceil((row?.version ?? 0) / 1_000) - clock.now();
  if (ahead <= 0) return;
  versions.raise(clock.now() + ahead + 1);
  logger.warn(
    { aheadMs: ahead },
    'stored records are newer than this clock: it was ahead, or another’s is; what comes in counts as newer still',
  );
}
