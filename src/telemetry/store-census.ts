import { z } from 'zod';
import { bind, sql } from '../clickhouse/sql.ts';
import type { Store } from '../clickhouse/store.ts';
import { createDayOfInstant, formatDay } from '../records/day.ts';
import { pushSource } from '../records/names.ts';
import type { Clock } from '../time.ts';

/** Figures of sources, rejects and days, counted in the tables and therefore over all processes. */
export interface StoreCensus {
  readonly sources: readonly {
    readonly source: string;
    /** End of the last good run in epoch milliseconds. Without one, when this process first saw the source. */
    readonly freshAt: number | undefined;
    /** Number of failed runs since then. */
    readonly failures: number;
    /** Number of held runs since then. */
    readonly held: number;
  }[];
  readonly rejects: readonly { readonly kind: string; readonly reason: string; readonly records: number }[];
  /**
   * Days that each table stores over all workspaces (one partition each), those among them that have more than one part on a
   * shard, and the most that accepted records can create.
   */
  readonly days: readonly {
    readonly table: string;
    readonly stored: number;
    readonly unmerged: number;
    readonly most: number;
  }[];
}

/** Long enough for three failures of a source that runs once a week. */
const failuresOfDays = 30;
/** Maximum time of each query, so that the census does not keep ClickHouse busy. */
const censusSeconds = 10;

const sourceRow = z.object({ source: z.string(), good_at: z.string().nullable() });
const failureRow = z.object({ source: z.string(), failures: z.number(), held: z.number() });
const daysRow = z.object({ name: z.string(), stored: z.number(), unmerged: z.number() });
const rejectRow = z.object({ kind: z.string(), reason: z.string(), records: z.number() });

/**
 * Returns a function that takes the census. It omits sources that are no longer configured, so that they cause no alerts, and
 * includes those that never ran, so that they do. Dry runs and replays do not count.
 */
export function createCensus(options: {
  store: Store;
  /** Returns the names of the configured sources. */
  sourceNames: () => readonly string[];
  /** Retention of each table that has a partition for each day. */
  retentionDays: Readonly<Record<string, number>>;
  maxFutureDays: number;
  clock: Clock;
}): () => Promise<StoreCensus> {
  const { store, sourceNames, retentionDays, maxFutureDays, clock } = options;
  const seenAt = new Map<string, number>();
  return async () => {
    const now = clock.now();
    const names = sourceNames();
    for (const name of names) if (!seenAt.has(name)) seenAt.set(name, now);
    const stored = await countDays(store, Object.keys(retentionDays));
    const days = Object.entries(retentionDays).map(([table, kept]) => ({
      table,
      stored: stored.get(table)?.stored ?? 0,
      unmerged: stored.get(table)?.unmerged ?? 0,
      most: kept + 1 + maxFutureDays,
    }));
    return { ...(await takeCensus(store, names, seenAt, now)), days };
  };
}

/** Returns the days of each table. A day on several shards counts once, and as unmerged if it is on one of them. */
async function countDays(
  store: Store,
  tables: readonly string[],
): Promise<ReadonlyMap<string, z.infer<typeof daysRow>>> {
  const { layout, database } = store;
  const nameOf = new Map(tables.map((table) => [layout.heldName(table), table]));
  const counted = await store.select(
    daysRow,
    sql`SELECT table AS name, count() AS stored, countIf(parts > 1) AS unmerged
        FROM (
          SELECT table, partition_id, max(parts_of_host) AS parts
          FROM (
            SELECT hostName() AS host, table, partition_id, count() AS parts_of_host FROM ${layout.system('parts')}
            WHERE active AND database = ${bind('String', database)} AND table IN ${bind('Array(String)', [...nameOf.keys()])}
            GROUP BY host, table, partition_id
          )
          GROUP BY table, partition_id
        )
        GROUP BY table`,
    { settings: { max_execution_time: censusSeconds } },
  );
  return new Map(counted.map((row) => [nameOf.get(row.name) ?? row.name, row]));
}

/** A run that read its source to the end and stored all valid records. */
const isGood = sql`(status = 'succeeded' OR status = 'partial' AND error_code = '')`;

async function takeCensus(
  store: Store,
  sources: readonly string[],
  seenAt: ReadonlyMap<string, number>,
  now: number,
): Promise<Omit<StoreCensus, 'days'>> {
  const call = { settings: { max_execution_time: censusSeconds } };
  const names = bind('Array(String)', [...sources, pushSource]);
  const from = formatDay(createDayOfInstant('UTC')(now) - failuresOfDays);
  // A run that has ended well keeps that status, so this needs no FINAL, which is slow over years of partitions.
  const good = await store.select(
    sourceRow,
    sql`SELECT source, max(if(${isGood}, finished_at, NULL)) AS good_at FROM ingest_runs
        WHERE source IN ${names} AND dry_run = 0 AND replay_of = '' GROUP BY source`,
    call,
  );
  const failed = await store.select(
    failureRow,
    sql`SELECT source, max(length(since_good) - countEqual(since_good, 'held')) AS failures, sum(countEqual(since_good, 'held')) AS held FROM (
          SELECT source, arrayMap(run -> run.2, arrayReverseSort(groupArray((toString(run_id), if(${isGood}, 'good', status))))) AS newest_first,
            arraySlice(newest_first, 1, indexOf(arrayPushBack(newest_first, 'good'), 'good') - 1) AS since_good
          FROM ingest_runs FINAL
          WHERE source IN ${names} AND dry_run = 0 AND replay_of = '' AND status IN ('succeeded', 'partial', 'held', 'failed')
            AND date >= ${bind('Date', from)}
          GROUP BY workspace, source)
        GROUP BY source`,
    call,
  );
  const rejects = await store.select(
    rejectRow,
    sql`SELECT kind, reason, count() AS records FROM rejected_records FINAL WHERE state = 'open' GROUP BY kind, reason ORDER BY kind, reason`,
    call,
  );
  const badOf = new Map(failed.map((row) => [row.source, row]));
  const goodAt = new Map(good.map(({ source, good_at }) => [source, good_at]));
  return {
    sources: [...new Set([...sources, ...goodAt.keys()])].map((source) => {
      const at = goodAt.get(source) ?? undefined;
      return {
        source,
        freshAt: at === undefined ? seenAt.get(source) : Date.parse(at),
        failures: badOf.get(source)?.failures ?? 0,
        held: badOf.get(source)?.held ?? 0,
      };
    }),
    rejects,
  };
}
