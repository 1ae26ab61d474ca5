import { z } from 'zod';
import { bind, type Sql, sql } from '../clickhouse/sql.ts';
import { type DataScope, workspaceRows } from '../metrics/data-scope.ts';
import type { DayRange } from '../metrics/query.ts';
import type { Warning } from '../metrics/warnings.ts';
import { formatDay } from '../records/day.ts';
import { pushSource } from '../records/names.ts';
import type { Source } from '../sources/source.ts';
import type { Reader } from './reader.ts';

const row = z.object({ source: z.string(), days: z.number(), folded: z.number() });

/**
 * Selects, for each source, the number of days on which the latest run folded rows with conflicting figures, and the number of
 * these rows.
 */
export function conflictingRowsStatement(scope: DataScope, range: DayRange, sources: readonly string[]): Sql {
  const runs = sql`ingest_runs FINAL WHERE ${workspaceRows(scope)} AND source IN (${bind('Array(String)', sources)}) AND dry_run = 0 AND status IN ('succeeded', 'partial')`;
  const affected = sql`SELECT source FROM ${runs} AND notEmpty(folded)`;
  // A replay reads what an earlier run fetched. It replaces that run, but not runs that read the source later.
  const begun = sql`SELECT source, days, folded, started_at, min(started_at) OVER (PARTITION BY if(replay_of = '', toString(run_id), replay_of)) AS read_at FROM ${runs} AND source IN (${affected})`;
  const newest = sql`SELECT source, arrayJoin(days) AS day, argMax(folded[day], (read_at, started_at)) AS lost FROM (${begun}) GROUP BY source, day HAVING day BETWEEN ${bind('Date', formatDay(range.from))} AND ${bind('Date', formatDay(range.to))} AND lost > 0`;
  // For a day of pushes, the last push of that day counts that could fold rows or that said how to fold them.
  const pushed = sql`SELECT source, arrayJoin(mapKeys(folded)) AS day, argMax(folded[day], started_at) AS lost FROM ingest_runs FINAL WHERE ${workspaceRows(scope)} AND source = ${bind('String', pushSource)} AND status IN ('running', 'succeeded') AND notEmpty(folded) GROUP BY source, day HAVING day BETWEEN ${bind('Date', formatDay(range.from))} AND ${bind('Date', formatDay(range.to))} AND lost > 0`;
  return sql`SELECT source, count() AS days, sum(lost) AS folded FROM (${newest} UNION ALL ${pushed}) GROUP BY source ORDER BY source`;
}

/**
 * Returns a warning for each ads source, and one for pushes, that lost rows to folding on days of the range. Sources whose
 * settings say that the last row counts get no warning.
 *
 * @param sources the sources of the workspace
 */
export async function conflictWarnings(
  reader: Reader,
  scope: DataScope,
  range: DayRange,
  sources: readonly Source[],
): Promise<readonly Warning[]> {
  const names = sources
    .filter(({ kind, feed }) => kind === 'ad_performance' && feed.duplicates !== 'last')
    .map(({ name }) => name);
  const found = await reader.rows(row, conflictingRowsStatement(scope, range, names));
  return found.map(({ source, days, folded }) => ({
    code: 'CONFLICTING_ROWS',
    message:
      `${source}: ${folded} ${folded === 1 ? 'row was' : 'rows were'} replaced by rows of the same key on ${days === 1 ? 'a day' : `${days} days`} of the range; the last was kept, and spend may be missing. ` +
      (source === pushSource
        ? 'Push those days again with `?duplicates=`: `sum` where the report is finer than the key, `last` where the last row counts.'
        : 'Set `duplicates` of the source: `sum` where its report is finer than the key, `last` where the last row counts.'),
  }));
}
