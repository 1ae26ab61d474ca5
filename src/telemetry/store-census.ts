import { z } from 'zod';
import { bind, sql } from '../clickhouse/sql.ts';
import type { Store } from '../clickhouse/store.ts';
import { pushSource } from '../ingest/run.ts';
import { createDayOfInstant, formatDay } from '../records/day.ts';

/** What the tables say of sources and rejects, whichever process wrote them. */
export interface StoreCensus {
  readonly sources: readonly {
    readonly source: string;
    /** End of the last good run, epoch milliseconds. */
    readonly goodAt: number | undefined;
    /** Runs that failed since then. */
    readonly failures: number;
  }[];
  readonly rejects: readonly { readonly kind: string; readonly reason: string; readonly records: number }[];
}

/** A source that runs once a week has failed three times in a row within this. */
const failuresOfDays = 30;
/** A census that takes longer is given up: it must not be what keeps ClickHouse busy. */
const censusSeconds = 10;

const sourceRow = z.object({ source: z.string(), good_at: z.string().nullable() });
const failureRow = z.object({ source: z.string(), failures: z.number() });
const rejectRow = z.object({ kind: z.string(), reason: z.string(), records: z.number() });

/**
 * Takes the census. Sources that are no longer configured are left out, so that nobody is woken for them; dry runs and
 * replays say nothing about a source.
 *
 * @param sources names of the configured ones
 * @param now epoch milliseconds
 */
export async function takeCensus(
  store: Store,
  sources: readonly string[],
  now: number,
): Promise<StoreCensus> {
  const call = { settings: { max_execution_time: censusSeconds } };
  const names = bind('Array(String)', [...sources, pushSource]);
  const from = formatDay(createDayOfInstant('UTC')(now) - failuresOfDays);
  // A run that has ended well stays so: its older versions need no FINAL over years of partitions.
  const good = await store.select(
    sourceRow,
    sql`SELECT source, max(if(status = 'succeeded', finished_at, NULL)) AS good_at FROM ingest_runs
        WHERE source IN ${names} AND dry_run = 0 AND replay_of = '' GROUP BY source`,
    call,
  );
  const failed = await store.select(
    failureRow,
    sql`SELECT source, max(since_good) AS failures FROM (
          SELECT source, arrayMap(run -> run.2, arrayReverseSort(groupArray((toString(run_id), status)))) AS newest_first,
            indexOf(arrayPushBack(newest_first, 'succeeded'), 'succeeded') - 1 AS since_good
          FROM ingest_runs FINAL
          WHERE source IN ${names} AND dry_run = 0 AND replay_of = '' AND status IN ('succeeded', 'partial', 'failed')
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
  const failuresOf = new Map(failed.map(({ source, failures }) => [source, failures]));
  return {
    sources: good.map(({ source, good_at }) => ({
      source,
      goodAt: good_at === null ? undefined : Date.parse(good_at),
      failures: failuresOf.get(source) ?? 0,
    })),
    rejects,
  };
}
