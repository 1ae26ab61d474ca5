import { z } from 'zod';
import { bind, empty, instantOf, join, type Sql, sql } from '../../clickhouse/sql.ts';
import { type DataScope, workspaceRows } from '../../metrics/data-scope.ts';
import { type RecordKind, recordKinds } from '../../records/contract.ts';
import { firstDay, formatDay, lastDay } from '../../records/day.ts';

/** Which rejected records; all that are given must hold. Instants are epoch milliseconds. */
export interface RejectFilter {
  readonly source?: string | undefined;
  readonly kind?: RecordKind | undefined;
  readonly reason?: string | undefined;
  readonly field?: string | undefined;
  readonly runId?: string | undefined;
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
  rejected_at: z.string().transform((text) => new Date(text)),
});
export type StoredReject = z.infer<typeof storedReject>;

const columns = sql`run_id, position, line, source, namespace, reading, kind, reason, field, detail, record, request_id, rejected_at`;

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
  return sql`SELECT ${columns} FROM rejected_records FINAL WHERE ${workspaceRows(scope)}${conditions(filter)}${after === undefined ? empty : isAfter(after)} ORDER BY rejected_at DESC, toString(run_id), position LIMIT ${bind('UInt64', limit)}`;
}

export const rejectCountStatement = (scope: DataScope, filter: RejectFilter): Sql =>
  sql`SELECT count() AS count FROM rejected_records FINAL WHERE ${workspaceRows(scope)}${conditions(filter)}`;

export function rejectsByIdStatement(scope: DataScope, ids: readonly RejectId[]): Sql {
  const those = join(
    ids.map(
      ({ runId, position }) =>
        sql`(run_id = ${bind('UUID', runId)} AND position = ${bind('UInt64', position)})`,
    ),
    ' OR ',
  );
  return sql`SELECT ${columns} FROM rejected_records FINAL WHERE ${workspaceRows(scope)} AND (${those})`;
}

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
