import { z } from 'zod';
import { type Sql, sql } from '../clickhouse/sql.ts';
import { matches } from '../metrics/registry.ts';
import type { OrderedList } from './ordered-list.ts';
import type { Reader } from './reader.ts';
import { recordsOf, type Scope } from './scope.ts';

const revenue = sql`sumIf(amount, stage = 'closed_won')`;

/** CRM records of one kind of attribution. Shares are of all CRM records and of all revenue; null if there are none. */
export interface MatchShare {
  readonly match: (typeof matches)[number];
  readonly records: number;
  readonly recordShare: number | null;
  readonly revenue: number;
  readonly revenueShare: number | null;
}

const matchRow = z.object({ kind: z.enum(matches), record_count: z.number(), revenue: z.number() });

export const matchesStatement = (scope: Scope): Sql =>
  sql`SELECT match AS kind, count() AS record_count, ${revenue} AS revenue FROM ${recordsOf('crm', scope)} GROUP BY kind`;

/** Returns one entry for each kind of attribution, including those without records. */
export async function loadMatchShares(reader: Reader, scope: Scope): Promise<readonly MatchShare[]> {
  const rows = await reader.rows(matchRow, matchesStatement(scope));
  const allRecords = rows.reduce((sum, row) => sum + row.record_count, 0);
  const allRevenue = rows.reduce((sum, row) => sum + row.revenue, 0);
  return matches.map((match) => {
    const row = rows.find(({ kind }) => kind === match);
    const records = row?.record_count ?? 0;
    const revenue = row?.revenue ?? 0;
    return {
      match,
      records,
      recordShare: allRecords === 0 ? null : records / allRecords,
      revenue,
      revenueShare: allRevenue === 0 ? null : revenue / allRevenue,
    };
  });
}

/** Revenue that is attributed to a campaign or channel without cost. */
const unfundedRow = z.object({ value: z.string(), revenue: z.number(), closed_won: z.number() });
export type UnfundedRevenue = z.infer<typeof unfundedRow>;

const unfundedColumns = { campaignId: sql`campaign_id`, channel: sql`channel` } as const;

export function unfundedRevenueList(
  scope: Scope,
  dimension: keyof typeof unfundedColumns,
): OrderedList<UnfundedRevenue> {
  const column = unfundedColumns[dimension];
  const funded = sql`SELECT ${column} FROM ${recordsOf('ads', scope)} GROUP BY ${column} HAVING sum(cost) > 0`;
  return {
    row: unfundedRow,
    select: sql`SELECT ${column} AS value, ${revenue} AS revenue, countIf(stage = 'closed_won') AS closed_won FROM ${recordsOf('crm', scope)} AND ${column} != '' AND ${column} NOT IN (${funded}) GROUP BY value HAVING revenue > 0`,
    order: [
      { by: sql`revenue`, type: 'Decimal(38, 6)', direction: 'desc' },
      { by: sql`value`, type: 'String', direction: 'asc' },
    ],
  };
}

export interface UnattributedRevenue {
  readonly revenue: number;
  /** Share of all revenue; null without revenue. */
  readonly share: number | null;
  readonly closedWon: number;
}

const unattributedRow = z.object({ total: z.number(), revenue: z.number(), closed_won: z.number() });

export const unattributedStatement = (scope: Scope): Sql =>
  sql`SELECT ${revenue} AS total, sumIf(amount, stage = 'closed_won' AND match = 'UNATTRIBUTED') AS revenue, countIf(stage = 'closed_won' AND match = 'UNATTRIBUTED') AS closed_won FROM ${recordsOf('crm', scope)}`;

export async function loadUnattributedRevenue(reader: Reader, scope: Scope): Promise<UnattributedRevenue> {
  const [row] = await reader.rows(unattributedRow, unattributedStatement(scope));
  if (row === undefined) return { revenue: 0, share: null, closedWon: 0 };
  const share = row.total === 0 ? null : row.revenue / row.total;
  return { revenue: row.revenue, share, closedWon: row.closed_won };
}
