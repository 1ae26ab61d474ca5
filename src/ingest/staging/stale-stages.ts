import { createHash, randomUUID } from 'node:crypto';
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

/** So much of the id of what a push stages names its process. */
const ownerDigits = 12;

const ownerOf = (owner: string): string =>
  createHash('sha256').update(owner).digest('hex').slice(0, ownerDigits);

/**
 * The id under which a push stages its rows: a UUID of version 8 (RFC 9562), which tells it from those of runs, and whose first
 * digits tell the process. A push ends with its process, and no table lists it.
 */
export function pushStageId(owner: string): string {
  const first = ownerOf(owner);
  const [, , , variant, rest] = randomUUID().split('-');
  const third = randomUUID().slice(0, 3);
  return `${first.slice(0, 8)}-${first.slice(8)}-8${third}-${variant}-${rest}`;
}

const isOfOtherPush = (id: string, owner: string): boolean =>
  id.charAt(14) === '8' && id.replace('-', '').slice(0, ownerDigits) !== ownerOf(owner);

/**
 * Drops what runs and pushes have left in the staging tables that ended without doing so themselves: call it at the start. What
 * pushes of other processes have staged is left to those, and to TTL.
 *
 * @param owner this process
 * @param activeRuns ids of the runs that are still at work, in this process or another; asked after looking at the tables,
 *   so that a run that begins meanwhile is among them
 */
export async function dropStaleStages(
  store: Store,
  owner: string,
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
    const isAtWork = active.has(row.run_id) || isOfOtherPush(row.run_id, owner);
    if (table !== undefined && !isAtWork) await dropRun(store, table, row.run_id);
  }
}
