import { z } from 'zod';
import { type Sql, sql } from '../clickhouse/sql.ts';
import { matches } from '../metrics/registry.ts';
import { type MoneyScope, moneyKey, moneyParts, moneySum, unlessDoubtful } from './money.ts';
import type { OrderedList } from './ordered-list.ts';
import type { Reader } from './reader.ts';
import { recordsOf } from './scope.ts';

/** CRM records of one kind of attribution. Shares are of all CRM records and of all revenue; null if there are none. */
export interface MatchShare {
  readonly match: (typeof matches)[number];
  readonly records: number;
  readonly recordShare: number | null;
  readonly revenue: number | null;
  readonly revenueShare: number | null;
}

const matchRow = z.object({
  kind: z.enum(matches),
  record_count: z.number(),
  revenue: z.number().nullable(),
  all_revenue: z.number().nullable(),
});

export function matchesStatement(scope: MoneyScope): Sql {
  const { sum, doubt } = moneyParts('revenue', scope);
  const kinds = sql`SELECT match AS kind, count() AS record_count, ${sum} AS part, ${doubt} AS doubt FROM ${recordsOf('crm', scope)} GROUP BY kind`;
  // Not the sum of the shown: each kind can be of another currency.
  const all = unlessDoubtful(sql`sum(part) OVER ()`, sql`(groupBitOr(doubt) OVER ())`);
  return sql`SELECT kind, record_count, ${unlessDoubtful(sql`part`, sql`doubt`)} AS revenue, ${all} AS all_revenue FROM (${kinds})`;
}

/** Returns one entry for each kind of attribution, including those without records. */
export async function loadMatchShares(reader: Reader, scope: MoneyScope): Promise<readonly MatchShare[]> {
  const rows = await reader.rows(matchRow, matchesStatement(scope));
  const allRecords = rows.reduce((sum, row) => sum + row.record_count, 0);
  const allRevenue = rows[0] === undefined ? 0 : rows[0].all_revenue;
  return matches.map((match) => {
    const row = rows.find(({ kind }) => kind === match);
    const records = row?.record_count ?? 0;
    const revenue = row === undefined ? 0 : row.revenue;
    return {
      match,
      records,
      recordShare: allRecords === 0 ? null : records / allRecords,
      revenue,
      revenueShare: shareOf(revenue, allRevenue),
    };
  });
}

/** Revenue that is attributed to a campaign or channel without cost. */
const unfundedRow = z.object({
  value: z.string(),
  revenue: z.number().nullable(),
  closed_won: z.number(),
});
export type UnfundedRevenue = z.infer<typeof unfundedRow>;

const unfundedColumns = { campaignId: sql`campaign_id`, channel: sql`channel` } as const;

export function unfundedRevenueList(
  scope: MoneyScope,
  dimension: keyof typeof unfundedColumns,
): OrderedList<UnfundedRevenue> {
  const column = unfundedColumns[dimension];
  const funded = sql`SELECT ${column} FROM ${recordsOf('ads', scope)} GROUP BY ${column} HAVING sum(cost) > 0`;
  return {
    row: unfundedRow,
    select: sql`SELECT ${column} AS value, ${moneySum('revenue', scope)} AS revenue, ${moneyKey(moneyParts('revenue', scope).sum)} AS revenue_key, countIf(stage = 'closed_won') AS closed_won FROM ${recordsOf('crm', scope)} AND ${column} != '' AND ${column} NOT IN (${funded}) GROUP BY value HAVING sumIf(amount, stage = 'closed_won') > 0`,
    order: [
      { by: sql`revenue_key`, type: 'Decimal(38, 6)', direction: 'desc' },
      { by: sql`value`, type: 'String', direction: 'asc' },
    ],
  };
}

export interface UnattributedRevenue {
  readonly revenue: number | null;
  /** Share of all revenue; null without revenue. */
  readonly share: number | null;
  readonly closedWon: number;
}

const unattributedRow = z.object({
  total: z.number().nullable(),
  revenue: z.number().nullable(),
  closed_won: z.number(),
});

export const unattributedStatement = (scope: MoneyScope): Sql =>
  sql`SELECT ${moneySum('revenue', scope)} AS total, ${moneySum('revenue', scope, sql`match = 'UNATTRIBUTED'`)} AS revenue, countIf(stage = 'closed_won' AND match = 'UNATTRIBUTED') AS closed_won FROM ${recordsOf('crm', scope)}`;

export async function loadUnattributedRevenue(
  reader: Reader,
  scope: MoneyScope,
): Promise<UnattributedRevenue> {
  const [row] = await reader.rows(unattributedRow, unattributedStatement(scope));
  if (row === undefined) return { revenue: 0, share: null, closedWon: 0 };
  return {
    revenue: row.revenue,
    share: shareOf(row.revenue, row.total),
    closedWon: row.closed_won,
  };
}

const shareOf = (part: number | null, all: number | null): number | null =>
  part === null || all === null || all === 0 ? null : part / all;
