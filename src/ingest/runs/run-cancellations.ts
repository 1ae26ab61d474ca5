import { z } from 'zod';
import { bind, sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';

/** Requests to cancel runs that another process may be at work on. */
export interface RunCancellations {
  request(run: { readonly id: string; readonly workspace: string }, requestedBy: string): Promise<void>;
  /** Of these runs, the ones that are to be cancelled, with who asked for it. */
  requested(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

const requestRow = z.object({ run_id: z.string(), requested_by: z.string() });

export const createRunCancellations = (store: Store): RunCancellations => ({
  request: ({ id, workspace }, requestedBy) =>
    store.command(
      sql`INSERT INTO run_cancellations (run_id, workspace, requested_by)
          VALUES (${bind('UUID', id)}, ${bind('String', workspace)}, ${bind('String', requestedBy)})`,
      { repeatable: true, changesAnswersOf: [] },
    ),
  async requested(ids) {
    if (ids.length === 0) return new Map();
    const rows = await store.select(
      requestRow,
      sql`SELECT toString(run_id) AS run_id, any(requested_by) AS requested_by FROM run_cancellations
          WHERE run_cancellations.run_id IN (${bind('Array(UUID)', ids)}) GROUP BY run_id`,
      { settings: { log_queries: 0 } },
    );
    return new Map(rows.map((row) => [row.run_id, row.requested_by]));
  },
});
