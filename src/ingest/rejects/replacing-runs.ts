import { z } from 'zod';
import { bind, sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import { allRows, type DataScope } from '../../metrics/data-scope.ts';

const runRow = z.object({ run_id: z.string(), started: z.number() });

/**
 * When those of these runs began that replaced days, epoch milliseconds, by id. What such a run read was true when it
 * began, whatever `updated_at` says; and it deleted what it could not read as of then.
 */
export async function replacingRuns(
  store: Store,
  scope: DataScope,
  ids: Iterable<string>,
  requestId: string,
): Promise<ReadonlyMap<string, number>> {
  const rows = await store.select(
    runRow,
    sql`SELECT run_id, toUnixTimestamp64Milli(max(started_at)) AS started FROM ingest_runs
        WHERE ${allRows(scope)} AND run_id IN (${bind('Array(UUID)', [...new Set(ids)])})
          AND mode = 'replace' AND started_at IS NOT NULL
        GROUP BY run_id`,
    { requestId },
  );
  return new Map(rows.map((row) => [row.run_id, row.started]));
}
