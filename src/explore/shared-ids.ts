import { z } from 'zod';
import { bind, type Sql, sql } from '../clickhouse/sql.ts';
import { workspaceRows } from '../metrics/data-scope.ts';
import { formatDay } from '../records/day.ts';
import type { Reader } from './reader.ts';
import type { Scope } from './scope.ts';

const sharedRow = z.object({ namespaces: z.array(z.string()), records: z.number(), revenue: z.number() });
/** The number of opportunity ids that several namespaces share, and their revenue. */
export type SharedIds = z.infer<typeof sharedRow>;

function sharedIdsStatement(scope: Scope): Sql {
  const { range } = scope;
  return sql`
    SELECT namespaces, count() AS records, sum(won) AS revenue FROM (
      SELECT opportunity_id, arraySort(groupUniqArray(if(namespace = '', source, namespace))) AS namespaces,
             sumIf(amount, stage = 'closed_won') AS won
      FROM opportunities FINAL
      WHERE ${workspaceRows(scope)} AND date BETWEEN ${bind('Date', formatDay(range.from))} AND ${bind('Date', formatDay(range.to))}
      GROUP BY opportunity_id HAVING length(namespaces) > 1
    )
    GROUP BY namespaces ORDER BY records DESC, namespaces`;
}

/** Returns the counts by set of namespaces, the largest first. */
export const loadSharedIds = (reader: Reader, scope: Scope): Promise<readonly SharedIds[]> =>
  reader.rows(sharedRow, sharedIdsStatement(scope));
