import { z } from 'zod';
import { bind, type Sql, sql } from '../clickhouse/sql.ts';
import { workspaceRows } from '../metrics/data-scope.ts';
import { formatDay } from '../records/day.ts';
import { pushSource } from '../records/names.ts';
import { sourceKinds } from '../sources/mapping/source-kind.ts';
import type { Reader } from './reader.ts';
import type { Scope } from './scope.ts';

const orphanRow = z.object({
  source: z.string(),
  kind: z.enum(sourceKinds),
  records: z.number(),
  first_day: z.string(),
  last_day: z.string(),
  cost: z.number(),
  revenue: z.number(),
});
/** What a source that is not configured has stored in a range of days, for one kind. */
export type OrphanedSource = z.infer<typeof orphanRow>;

function orphanedSourcesStatement(scope: Scope, owned: readonly string[]): Sql {
  const { range } = scope;
  const rows = sql`${workspaceRows(scope)} AND date BETWEEN ${bind('Date', formatDay(range.from))} AND ${bind('Date', formatDay(range.to))}
    AND source NOT IN (${bind('Array(String)', [pushSource, ...owned])}) GROUP BY source`;
  return sql`
    SELECT * FROM (
      SELECT source, 'ad_performance' AS kind, count() AS records, min(date) AS first_day, max(date) AS last_day,
             sum(cost) AS cost, toDecimal64(0, 6) AS revenue
      FROM ad_performance FINAL WHERE ${rows}
      UNION ALL
      SELECT source, 'opportunity', count(), min(date), max(date), toDecimal64(0, 6),
             sumIf(amount, stage = 'closed_won')
      FROM opportunities FINAL WHERE ${rows}
      UNION ALL
      SELECT source, 'exchange_rate', count(), min(date), max(date), toDecimal64(0, 6), toDecimal64(0, 6)
      FROM exchange_rates FINAL WHERE ${rows}
    ) ORDER BY source, kind`;
}

/** @param owned current and former names of configured sources, whose rows are or become their own */
export const loadOrphanedSources = (
  reader: Reader,
  scope: Scope,
  owned: readonly string[],
): Promise<readonly OrphanedSource[]> => reader.rows(orphanRow, orphanedSourcesStatement(scope, owned));
