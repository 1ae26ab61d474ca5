import { z } from 'zod';
import { bind, type Sql, sql } from '../clickhouse/sql.ts';
import { workspaceRows } from '../metrics/data-scope.ts';
import { formatDay } from '../records/day.ts';
import type { Reader } from './reader.ts';
import type { Scope } from './scope.ts';

const overlapRow = z.object({
  source: z.string(),
  others: z.array(z.string()),
  days: z.number(),
  records: z.number(),
});
/** The number of records by which a source overwrites other sources, by the latest run for each day. */
export type OverlappingSource = z.infer<typeof overlapRow>;

export function overlappingSourcesStatement(scope: Scope, sources: readonly string[]): Sql {
  const { from, to } = scope.range;
  const runs = sql`ingest_runs FINAL WHERE ${workspaceRows(scope)} AND source IN (${bind('Array(String)', sources)}) AND dry_run = 0 AND status IN ('succeeded', 'partial')`;
  const affected = sql`SELECT source FROM ${runs} AND notEmpty(overwritten)`;
  const newest = sql`SELECT source, arrayJoin(days) AS day, argMax(overwritten[day], started_at) AS overlap, argMax(overwritten_sources, started_at) AS rivals FROM ${runs} AND source IN (${affected}) GROUP BY source, day HAVING day BETWEEN ${bind('Date', formatDay(from))} AND ${bind('Date', formatDay(to))} AND overlap > 0`;
  return sql`SELECT source, arraySort(groupUniqArrayArray(rivals)) AS others, count() AS days, sum(overlap) AS records FROM (${newest}) GROUP BY source ORDER BY records DESC, source`;
}

/**
 * Returns the sources that overwrite others on days of the range, those with the most records first.
 *
 * @param configured names of the sources of the workspace: others have ended
 */
export const loadOverlappingSources = (
  reader: Reader,
  scope: Scope,
  configured: readonly string[],
): Promise<readonly OverlappingSource[]> =>
  reader.rows(overlapRow, overlappingSourcesStatement(scope, configured));
