import { z } from 'zod';
import { bind, join, sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';

const tables = ['staged_ad_performance', 'staged_opportunities', 'planned_opportunities'] as const;

const partitionRow = z.object({ table: z.string(), run_id: z.string() });

/** Drops a run's rows from one staging table; harmless when there are none. */
export const dropRun = (store: Store, table: string, runId: string): Promise<void> =>
  store.command(sql`ALTER TABLE ${store.layout.held(table)} DROP PARTITION ${bind('UUID', runId)}`, {
    repeatable: true,
    everywhere: true,
    settings: store.layout.upkeep,
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
  const { layout } = store;
  const byHeldName = new Map(tables.map((table) => [layout.heldName(table), table]));
  const rows = await store.select(
    partitionRow,
    sql`SELECT DISTINCT table, partition AS run_id FROM ${layout.system('parts')}
        WHERE active AND database = ${bind('String', store.database)}
          AND table IN (${join(
            [...byHeldName.keys()].map((name) => sql`${bind('String', name)}`),
            ', ',
          )})`,
  );
  if (rows.length === 0) return;
  const active = await activeRuns();
  for (const row of rows) {
    const table = byHeldName.get(row.table);
    if (table !== undefined && !active.has(row.run_id)) await dropRun(store, table, row.run_id);
  }
}
