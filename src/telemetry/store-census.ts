import { z } from 'zod';
import { bind, sql } from '../clickhouse/sql.ts';
import type { Store } from '../clickhouse/store.ts';
import { createDayOfInstant, formatDay } from '../records/day.ts';
import { pushSource } from '../records/names.ts';
import type { Clock } from '../time.ts';

/** What the tables say of sources and rejects, whichever process wrote them. */
export interface StoreCensus {
  readonly sources: readonly {
    readonly source: string;
    /** End of the last good run; where there was none, when this process first saw the source. Epoch milliseconds. */
    readonly freshAt: number | undefined;
    /** Runs that failed since then. */
    readonly failures: number;
    /** Runs since then that wait for somebody's word. */
    readonly held: number;
  }[];
  readonly rejects: readonly { readonly kind: string; readonly reason: string; readonly records: number }[];
  /** Days stored, each of them a partition, and how many records that are taken can make: of all workspaces together. */
  readonly days: readonly { readonly table: string; readonly stored: number; readonly most: number }[];
}

/** A source that runs once a week has failed three times in a row within this. */
const failuresOfDays = 30;
/** A census that takes longer is given up: it must not be what keeps ClickHouse busy. */
const censusSeconds = 10;

const sourceRow = z.object({ source: z.string(), good_at: z.string().nullable() });
const failureRow = z.object({ source: z.string(), failures: z.number(), held: z.number() });
const daysRow = z.object({ name: z.string(), stored: z.number() });
const rejectRow = z.object({ kind: z.string(), reason: z.string(), records: z.number() });

/**
 * What takes the census. Sources that are no longer configured are left out, so that nobody is woken for them; one that never
 * ran is there, so that somebody is. Dry runs and replays say nothing about a source.
 */
export function createCensus(options: {
  store: Store;
  /** Names of the configured ones. */
  sourceNames: () => readonly string[];
  /** Of each table that has a partition a day. */
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
      stored: stored.get(table) ?? 0,
      most: kept + 1 + maxFutureDays,
    }));
    return { ...(await takeCensus(store, names, seenAt, now)), days };
  };
}

/** By table; a day that is on several shards counts once. */
async function countDays(store: Store, tables: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const { layout, database } = store;
  const nameOf = new Map(tables.map((table) => [layout.heldName(table), table]));
  const counted = await store.select(
    daysRow,
    sql`SELECT table AS name, uniqExact(partition_id) AS stored FROM ${layout.system('parts')}
        WHERE active AND database = ${bind('String', database)} AND table IN ${bind('Array(String)', [...nameOf.keys()])}
        GROUP BY table`,
    { settings: { max_execution_time: censusSeconds } },
  );
  return new Map(counted.map(({ name, stored }) => [nameOf.get(name) ?? name, stored]));
}

/** Read to its end, and stored but for what could not be read. */
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
  // A run that has ended well stays so: its older versions need no FINAL over years of partitions.
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
    sql`SELECT kind, reason, count() AS records FROM rejected_records FINAL GROUP BY kind, reason ORDER BY kind, reason`,
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
