import { z } from 'zod';
import { instant } from '../../clickhouse/instant.ts';
import { bind, empty, instantOf, join, type Sql, sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import { type DataScope, workspaceRows } from '../../metrics/data-scope.ts';
import { type RecordKind, recordKinds } from '../../records/contract.ts';
import { firstDay, formatDay, lastDay } from '../../records/day.ts';
import { type RejectState, rejectStates } from './reject-row.ts';

/** Which rejected records; all that are given must hold. Instants are epoch milliseconds. */
export interface RejectFilter {
  readonly source?: string | undefined;
  readonly kind?: RecordKind | undefined;
  readonly reason?: string | undefined;
  readonly field?: string | undefined;
  readonly runId?: string | undefined;
  /** Default: those that are open. */
  readonly states?: readonly RejectState[] | undefined;
  /** Rejected at or after it. */
  readonly from?: number | undefined;
  /** Rejected before it. */
  readonly to?: number | undefined;
}

/** What a rejected record is known by. */
export interface RejectId {
  readonly runId: string;
  readonly position: number;
}

export const storedReject = z.object({
  run_id: z.string(),
  position: z.number(),
  line: z.number(),
  source: z.string(),
  namespace: z.string(),
  reading: z.string(),
  kind: z.enum(recordKinds),
  reason: z.string(),
  field: z.string(),
  detail: z.string(),
  record: z.string(),
  request_id: z.string(),
  rejected_at: instant,
  record_key: z.string(),
  state: z.enum(rejectStates),
  times: z.number(),
  first_rejected_at: instant,
  settled_at: instant.transform((at) => (at.getTime() === 0 ? null : at)),
  settled_by: z.string(),
});
export type StoredReject = z.infer<typeof storedReject>;

const columns = sql`run_id, position, line, source, namespace, reading, kind, reason, field, detail, record, request_id, rejected_at, record_key, state, times, first_rejected_at, settled_at, settled_by`;

/** `<run>:<position>`. */
export const formatRejectId = ({ run_id, position }: Pick<StoredReject, 'run_id' | 'position'>): string =>
  `${run_id}:${position}`;

export function parseRejectId(text: string): RejectId | undefined {
  const match = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):(\d{1,15})$/i.exec(text);
  const [, runId, position] = match ?? [];
  return runId === undefined ? undefined : { runId: runId.toLowerCase(), position: Number(position) };
}

/** After which record of the order a page begins. */
export type RejectCursor = readonly [rejectedAt: number, runId: string, position: number];

export const rejectCursor = (row: StoredReject): RejectCursor => [
  row.rejected_at.getTime(),
  row.run_id,
  row.position,
];

/** The latest rejects first; those of one moment in their order in the run. */
export function rejectsStatement(options: {
  scope: DataScope;
  filter: RejectFilter;
  after?: RejectCursor | undefined;
  limit: number;
}): Sql {
  const { scope, filter, after, limit } = options;
  return sql`SELECT ${columns} FROM rejected_records FINAL WHERE ${workspaceRows(scope)}${stateOf(filter)}${conditions(filter)}${after === undefined ? empty : isAfter(after)} ORDER BY rejected_at DESC, toString(run_id), position LIMIT ${bind('UInt64', limit)}`;
}

export const rejectCountStatement = (scope: DataScope, filter: RejectFilter): Sql =>
  sql`SELECT count() AS count FROM rejected_records FINAL WHERE ${workspaceRows(scope)}${stateOf(filter)}${conditions(filter)}`;

/** Open rejected records, by run. */
export const openByRunStatement = (scope: DataScope, runIds: readonly string[]): Sql =>
  sql`SELECT run_id, count() AS rejects FROM rejected_records FINAL WHERE ${workspaceRows(scope)}${isOpen} AND run_id IN (${bind('Array(UUID)', runIds)}) GROUP BY run_id`;

/** Those that are open, of those with these ids. */
export function rejectsByIdStatement(scope: DataScope, ids: readonly RejectId[]): Sql {
  const those = join(
    ids.map(
      ({ runId, position }) =>
        sql`(run_id = ${bind('UUID', runId)} AND position = ${bind('UInt64', position)})`,
    ),
    ' OR ',
  );
  return sql`SELECT ${columns} FROM rejected_records FINAL WHERE ${workspaceRows(scope)}${isOpen} AND (${those})`;
}

const isOpen = sql` AND state = 'open'`;

const stateOf = ({ states }: RejectFilter): Sql =>
  states === undefined ? isOpen : sql` AND state IN (${bind('Array(String)', states)})`;

/** What holds of the open rejected records of a filter, whatever states it names. */
export const openRejects = (scope: DataScope, filter: RejectFilter): Sql =>
  sql`${workspaceRows(scope)}${isOpen}${conditions(filter)}`;

function conditions(filter: RejectFilter): Sql {
  const parts: Sql[] = [];
  for (const name of ['source', 'kind', 'reason', 'field'] as const) {
    const value = filter[name];
    if (value !== undefined) parts.push(sql` AND ${textColumns[name]} = ${bind('String', value)}`);
  }
  if (filter.runId !== undefined) parts.push(sql` AND run_id = ${bind('UUID', filter.runId)}`);
  if (filter.from !== undefined)
    parts.push(sql` AND date >= ${dayOf(filter.from)} AND rejected_at >= ${instantOf(filter.from)}`);
  if (filter.to !== undefined)
    parts.push(sql` AND date <= ${dayOf(filter.to)} AND rejected_at < ${instantOf(filter.to)}`);
  return parts.reduce((whole, part) => sql`${whole}${part}`, empty);
}

const textColumns = { source: sql`source`, kind: sql`kind`, reason: sql`reason`, field: sql`field` } as const;

const isAfter = ([rejectedAt, runId, position]: RejectCursor): Sql =>
  sql` AND date <= ${dayOf(rejectedAt)} AND (rejected_at < ${instantOf(rejectedAt)} OR (rejected_at = ${instantOf(rejectedAt)} AND (toString(run_id), position) > (${bind('String', runId)}, ${bind('UInt64', position)})))`;

/** The day of an instant, UTC, as rejected records are stored by. */
const dayOf = (epochMs: number) =>
  bind('Date', formatDay(Math.min(Math.max(firstDay, Math.floor(epochMs / 86_400_000)), lastDay)));

const openByRun = z.object({ run_id: z.string(), rejects: z.number() });

/** Returns how many rejected records of these runs are open; runs without any are not in it. */
export async function countOpenRejects(
  store: Pick<Store, 'select'>,
  workspace: string,
  runIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await store.select(openByRun, openByRunStatement({ workspace, policy: undefined }, runIds));
  return new Map(rows.map((row) => [row.run_id, row.rejects]));
}
