import { z } from 'zod';
import { bind, type Sql, sql } from '../clickhouse/sql.ts';
import { type RunStatus, runStatuses } from '../ingest/runs/run.ts';
import { type DataScope, visibleRows, workspaceRows } from '../metrics/data-scope.ts';
import type { DayRange } from '../metrics/query.ts';
import { recordKinds } from '../records/contract.ts';
import { formatDay, parseIsoDay } from '../records/day.ts';
import type { Reader } from './reader.ts';
import type { Scope } from './scope.ts';

const runCounts = {
  repairs: sql`repairs`,
  rejects: sql`records_rejected`,
  skips: sql`records_skipped`,
} as const;

export function runCountsStatement(scope: Scope, kind: keyof typeof runCounts): Sql {
  const { range } = scope;
  return sql`SELECT sumMap(${runCounts[kind]}) AS counts FROM ingest_runs FINAL WHERE ${workspaceRows(scope)} AND date BETWEEN ${bind('Date', formatDay(range.from))} AND ${bind('Date', formatDay(range.to))} AND finished_at IS NOT NULL`;
}

const countsRow = z.object({ counts: z.record(z.string(), z.coerce.number()) });

/** Returns sums by kind or reason over finished runs that were requested on days of the range. */
export async function loadRunCounts(
  reader: Reader,
  scope: Scope,
  kind: keyof typeof runCounts,
): Promise<Readonly<Record<string, number>>> {
  const [row] = await reader.rows(countsRow, runCountsStatement(scope, kind));
  return row?.counts ?? {};
}

const rejectedRow = z.object({
  source: z.string(),
  kind: z.enum(recordKinds),
  reason: z.string(),
  count: z.number(),
});
/** The number of open rejected records of one source, kind and reason. */
export type RejectedCount = z.infer<typeof rejectedRow>;

export function rejectedCountsStatement(scope: Scope): Sql {
  const { range } = scope;
  return sql`SELECT source, kind, reason, count() AS count FROM rejected_records FINAL WHERE ${workspaceRows(scope)} AND state = 'open' AND date BETWEEN ${bind('Date', formatDay(range.from))} AND ${bind('Date', formatDay(range.to))} GROUP BY source, kind, reason ORDER BY count DESC, source, kind, reason`;
}

/** Returns the counts of open rejected records that were rejected on days (UTC) of the range, the largest first. */
export const loadRejectedCounts = (reader: Reader, scope: Scope): Promise<readonly RejectedCount[]> =>
  reader.rows(rejectedRow, rejectedCountsStatement(scope));

const instant = z
  .string()
  .nullable()
  .transform((text) => (text === null ? null : new Date(text)));
const sourceRow = z.object({
  source: z.string(),
  succeeded_at: instant,
  ended_at: instant,
  last_status: z.enum(runStatuses),
});

/** How fresh a source's data is. All values are null before its first run. */
export interface SourceFreshness {
  readonly source: string;
  readonly lastSucceededAt: Date | null;
  readonly lastFinishedAt: Date | null;
  readonly lastStatus: RunStatus | null;
}

// Run ids are compared as text: UUIDv7 sort by time, but ClickHouse orders UUIDs differently.
export const sourcesStatement = (scope: DataScope): Sql =>
  sql`SELECT source, maxIf(finished_at, status = 'succeeded' OR status = 'partial' AND error_code = '') AS succeeded_at, max(finished_at) AS ended_at, argMax(status, toString(run_id)) AS last_status FROM ingest_runs FINAL WHERE ${workspaceRows(scope)} GROUP BY source ORDER BY source`;

/** Returns all sources that are configured or have run, ordered by name. */
export async function loadFreshness(
  reader: Reader,
  scope: DataScope,
  configured: readonly string[],
): Promise<readonly SourceFreshness[]> {
  const rows = await reader.rows(sourceRow, sourcesStatement(scope));
  const ran = new Map(rows.map((row) => [row.source, row]));
  return [...new Set([...configured, ...ran.keys()])].sort().map((source) => {
    const row = ran.get(source);
    return {
      source,
      lastSucceededAt: row?.succeeded_at ?? null,
      lastFinishedAt: row?.ended_at ?? null,
      lastStatus: row?.last_status ?? null,
    };
  });
}

const daysRow = z.object({
  days: z.array(z.string()),
  first_date: z.string(),
  last_date: z.string(),
  record_count: z.number(),
});

export function adsDaysStatement(scope: Scope): Sql {
  const { range } = scope;
  const isInRange = sql`date BETWEEN ${bind('Date', formatDay(range.from))} AND ${bind('Date', formatDay(range.to))}`;
  return sql`SELECT groupUniqArrayIf(date, ${isInRange}) AS days, min(date) AS first_date, max(date) AS last_date, count() AS record_count FROM ad_performance FINAL WHERE ${visibleRows('ads', scope)}`;
}

/** Returns the days of the range without ads rows, between the first and the last day with ads rows. */
export async function loadDaysWithoutData(reader: Reader, scope: Scope): Promise<readonly string[]> {
  const [row] = await reader.rows(daysRow, adsDaysStatement(scope));
  if (row === undefined || row.record_count === 0) return [];
  const first = parseIsoDay(row.first_date) ?? scope.range.from;
  const last = parseIsoDay(row.last_date) ?? scope.range.to;
  const present = new Set(row.days);
  return daysOf({ from: Math.max(scope.range.from, first), to: Math.min(scope.range.to, last) })
    .map(formatDay)
    .filter((day) => !present.has(day));
}

const daysOf = ({ from, to }: DayRange): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
