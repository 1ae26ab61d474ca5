import { z } from 'zod';
import { instant } from '../clickhouse/instant.ts';
import { bind, empty, instantOf, type Sql, sql } from '../clickhouse/sql.ts';
import { type DataScope, workspaceRows } from '../metrics/data-scope.ts';
import { firstDay, formatDay, lastDay } from '../records/day.ts';
import { auditKinds } from './entry.ts';

/** Conditions on entries; all that are given must hold. Instants are epoch milliseconds. */
export interface AuditFilter {
  /** Only entries of this workspace. */
  readonly scope: DataScope;
  /** Also entries whose workspace is unknown. */
  readonly withUnowned: boolean;
  readonly from: number | undefined;
  /** Exclusive. */
  readonly to: number | undefined;
  /** The id or name of a caller. */
  readonly caller: string | undefined;
  readonly action: string | undefined;
}

export const storedEntry = z.object({
  audit_id: z.string(),
  at: instant,
  kind: z.enum(auditKinds),
  action: z.string(),
  outcome: z.string(),
  caller_id: z.string(),
  caller_name: z.string(),
  role: z.string(),
  request_id: z.string(),
  duration_ms: z.number(),
  attempts: z.number(),
  details: z.string().transform((text): unknown => JSON.parse(text)),
});
export type StoredEntry = z.infer<typeof storedEntry>;

/** The last entry before a page. */
export type EntryCursor = readonly [at: number, id: string];

export const entryCursor = ({ at, audit_id }: StoredEntry): EntryCursor => [at.getTime(), audit_id];

/** Selects entries, the latest first. */
export function entriesStatement(filter: AuditFilter, after: EntryCursor | undefined, limit: number): Sql {
  return sql`SELECT audit_id, at, kind, action, outcome, caller_id, caller_name, role, request_id, duration_ms, attempts, details FROM audit_log FINAL WHERE ${conditions(filter)}${after === undefined ? empty : isAfter(after)} ORDER BY at DESC, toString(audit_id) DESC LIMIT ${bind('UInt64', limit)}`;
}

export const entryCountStatement = (filter: AuditFilter): Sql =>
  sql`SELECT count() AS count FROM audit_log FINAL WHERE ${conditions(filter)}`;

function conditions({ scope, withUnowned, from, to, caller, action }: AuditFilter): Sql {
  const parts: Sql[] = [];
  if (from !== undefined) parts.push(sql` AND date >= ${dayOf(from)} AND at >= ${instantOf(from)}`);
  if (to !== undefined) parts.push(sql` AND date <= ${dayOf(to)} AND at < ${instantOf(to)}`);
  if (caller !== undefined)
    parts.push(sql` AND (caller_id = ${bind('String', caller)} OR caller_name = ${bind('String', caller)})`);
  if (action !== undefined) parts.push(sql` AND action = ${bind('String', action)}`);
  const own = withUnowned ? sql`(${workspaceRows(scope)} OR workspace = '')` : workspaceRows(scope);
  return parts.reduce((whole, part) => sql`${whole}${part}`, own);
}

const isAfter = ([at, id]: EntryCursor): Sql =>
  sql` AND date <= ${dayOf(at)} AND (at < ${instantOf(at)} OR (at = ${instantOf(at)} AND toString(audit_id) < ${bind('String', id)}))`;

/** Returns the day of an instant in UTC. */
const dayOf = (epochMs: number) =>
  bind('Date', formatDay(Math.min(Math.max(firstDay, Math.floor(epochMs / 86_400_000)), lastDay)));
