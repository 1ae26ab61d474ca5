import { z } from 'zod';
import { bind, identifier, join, type Sql, sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import type { DataScope } from '../../metrics/data-scope.ts';
import { maxDaysPerInsert } from '../storage/day-batches.ts';
import { openRejects, type RejectFilter, type RejectId } from './find-rejects.ts';
import { type RejectState, rejectColumns } from './reject-row.ts';

/** Rows of one statement: each may hold a record of 64 KB. */
const mostIds = 5_000;

const daysRow = z.object({ day: z.string(), rejects: z.number() });

/** How rejected records end. */
export interface Settlement {
  readonly state: Exclude<RejectState, 'open'>;
  /** The run or caller that ended them. */
  readonly by: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly requestId: string;
}

/** Which open rejected records: those of a filter, of these ids, or both. */
export interface RejectChoice {
  readonly filter?: RejectFilter | undefined;
  readonly ids?: readonly RejectId[] | undefined;
}

/**
 * Ends open rejected records. Those that have ended stay as they are, so a repeat changes nothing, and it completes a call that
 * broke off.
 *
 * @returns how many were open
 */
export async function settleRejects(
  store: Store,
  scope: DataScope,
  { filter = {}, ids }: RejectChoice,
  settlement: Settlement,
): Promise<number> {
  if (ids === undefined) return settleWhere(store, scope, openRejects(scope, filter), settlement);
  let count = 0;
  for (let from = 0; from < ids.length; from += mostIds) {
    const part = ids.slice(from, from + mostIds).map(({ runId, position }) => `${runId}:${position}`);
    const chosen = sql`${openRejects(scope, filter)} AND concat(toString(run_id), ':', toString(position)) IN (${bind('Array(String)', part)})`;
    count += await settleWhere(store, scope, chosen, settlement);
  }
  return count;
}

async function settleWhere(
  store: Store,
  scope: DataScope,
  chosen: Sql,
  settlement: Settlement,
): Promise<number> {
  const { requestId } = settlement;
  const days = await store.select(
    daysRow,
    sql`SELECT toString(date) AS day, count() AS rejects FROM rejected_records FINAL WHERE ${chosen} GROUP BY date ORDER BY date`,
    { requestId, settings: { max_rows_to_read: '0' } },
  );
  for (let from = 0; from < days.length; from += maxDaysPerInsert) {
    const part = days.slice(from, from + maxDaysPerInsert).map(({ day }) => day);
    await store.command(settleStatement(chosen, part, settlement), {
      requestId,
      // One thread, so that memory holds few of the records, which may be large.
      settings: { max_execution_time: 0, max_rows_to_read: '0', max_threads: 1, max_insert_threads: '1' },
      repeatable: true,
      changesAnswersOf: [scope.workspace],
    });
  }
  return days.reduce((sum, { rejects }) => sum + rejects, 0);
}

/** Writes the rows anew, newer than they are. */
function settleStatement(chosen: Sql, days: readonly string[], { state, by, at }: Settlement): Sql {
  const changed: Readonly<Record<string, Sql>> = {
    state: sql`${bind('String', state)}`,
    settled_at: sql`fromUnixTimestamp64Milli(toInt64(${bind('UInt64', at)}), 'UTC')`,
    settled_by: sql`${bind('String', by)}`,
    version: sql`greatest(version + 1, ${bind('UInt64', at * 1_000)})`,
  };
  const names = Object.keys(rejectColumns);
  const values = names.map((name) => changed[name] ?? identifier(name));
  return sql`INSERT INTO rejected_records (${join(names.map(identifier), ', ')})
      SELECT ${join(values, ', ')} FROM rejected_records FINAL
      WHERE ${chosen} AND date IN (${bind('Array(Date)', days)})`;
}
