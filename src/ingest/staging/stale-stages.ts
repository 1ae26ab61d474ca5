import { z } from 'zod';
import { bind, identifier, join, sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';

const tables = ['staged_ad_performance', 'staged_opportunities', 'planned_opportunities'] as const;

const partitionRow = z.object({ table: z.enum(tables), run_id: z.string() });

/** Drops a run's rows from one staging table; harmless when there are none. */
export const dropRun = (store: Store, table: string, runId: string): Promise<void> =>
  store.command(sql`ALTER TABLE ${identifier(table)} DROP PARTITION ${bind('UUID', runId)}`, {
    repeatable: true,
  });

/**
 * Drops what runs have left in the staging tables that ended without doing so themselves: call it at the start.
 *
 * @param activeRuns ids of the runs that are still at work, in this process or another; asked after looking at the tables,
 *   so that a run that begins meanwhile is among them
 */
export async function dropStaleStages(
  store: Store,
  activeRuns: () => Promise<ReadonlySet<string>>,
): Promise<void> {
  const rows = await store.select(
    partitionRow,
    sql`SELECT DISTINCT table, partition AS run_id FROM system.parts
        WHERE active AND database = ${bind('String', store.database)}
          AND table IN (${join(
            tables.map((table) => sql`${bind('String', table)}`),
            ', ',
          )})`,
  );
  if (rows.length === 0) return;
  const active = await activeRuns();
  for (const { table, run_id } of rows) {
    if (!active.has(run_id)) await dropRun(store, table, run_id);
  }
}
