import { z } from 'zod';
import { bind, join, type Sql, sql } from '../clickhouse/sql.ts';
import { canonicalColumns } from '../metrics/canonical-columns.ts';
import { noDoubt } from '../metrics/currency/money.ts';
import { columnOfSide, type Side } from '../metrics/registry.ts';
import { unknown } from '../records/text.ts';
import { type MoneyScope, moneyKey, moneyParts, moneySum, unlessDoubtful } from './money.ts';
import type { OrderedList } from './ordered-list.ts';
import type { Reader } from './reader.ts';
import { recordsOf } from './scope.ts';

const utmNames = ['utmCampaign', 'utmSource', 'utmMedium', 'utmContent', 'utmTerm'] as const;
type UtmName = (typeof utmNames)[number];

const utmColumns: Readonly<Record<UtmName, Sql>> = {
  utmCampaign: sql`utm_campaign`,
  utmSource: sql`utm_source`,
  utmMedium: sql`utm_medium`,
  utmContent: sql`utm_content`,
  utmTerm: sql`utm_term`,
};

/** Ads rows whose value of one UTM dimension is unknown. */
export interface MissingUtm {
  readonly cost: number | null;
  /** Share of the total cost; null without cost. */
  readonly share: number | null;
  readonly rows: number;
}

export interface SpendWithoutUtm {
  readonly cost: number | null;
  readonly utmCampaign: MissingUtm;
  readonly utmSource: MissingUtm;
  readonly utmMedium: MissingUtm;
}

const missingRow = z.object({
  total_cost: z.number().nullable(),
  campaign_cost: z.number().nullable(),
  campaign_rows: z.number(),
  source_cost: z.number().nullable(),
  source_rows: z.number(),
  medium_cost: z.number().nullable(),
  medium_rows: z.number(),
});

export function spendWithoutUtmStatement(scope: MoneyScope): Sql {
  const isUnknown = (column: Sql) => sql`${column} = ${bind('String', unknown)}`;
  const campaign = isUnknown(sql`utm_campaign`);
  const source = isUnknown(sql`utm_source`);
  const medium = isUnknown(sql`utm_medium`);
  return sql`SELECT ${moneySum('cost', scope)} AS total_cost, ${moneySum('cost', scope, campaign)} AS campaign_cost, countIf(${campaign}) AS campaign_rows, ${moneySum('cost', scope, source)} AS source_cost, countIf(${source}) AS source_rows, ${moneySum('cost', scope, medium)} AS medium_cost, countIf(${medium}) AS medium_rows FROM ${recordsOf('ads', scope)}`;
}

export async function loadSpendWithoutUtm(reader: Reader, scope: MoneyScope): Promise<SpendWithoutUtm> {
  const [row] = await reader.rows(missingRow, spendWithoutUtmStatement(scope));
  const total = row === undefined ? 0 : row.total_cost;
  const missing = (cost: number | null = 0, rows = 0): MissingUtm => ({
    cost,
    share: total === null || total === 0 || cost === null ? null : cost / total,
    rows,
  });
  return {
    cost: total,
    utmCampaign: missing(row?.campaign_cost, row?.campaign_rows),
    utmSource: missing(row?.source_cost, row?.source_rows),
    utmMedium: missing(row?.medium_cost, row?.medium_rows),
  };
}

/** RE2: everything except letters, combining marks and digits. */
const separators = '[^\\p{L}\\p{M}\\p{N}]';

const nearDuplicateRow = z
  .object({
    utm: z.enum(utmNames),
    spellings: z.array(z.tuple([z.string(), z.number(), z.number().nullable()])),
    cost: z.number().nullable(),
  })
  .transform(({ utm, spellings, cost }) => ({
    dimension: utm,
    spellings: spellings.map(([value, rows, spent]) => ({ value, rows, cost: spent })),
    cost,
  }));
export type NearDuplicate = z.infer<typeof nearDuplicateRow>;

/**
 * Returns groups of values of one UTM dimension that have the same letters and digits in the same order. Both sides count:
 * attribution fails if the CRM spells a campaign differently from the ads.
 */
export function nearDuplicateList(scope: MoneyScope): OrderedList<NearDuplicate> {
  const pairs = (side: Side): Sql => {
    const columnOf = canonicalColumns(columnOfSide(side), scope.model);
    return join(
      utmNames.map((name) => sql`(${bind('String', name)}, toString(${columnOf(name)}))`),
      ', ',
    );
  };
  const sets = (side: Side, { sum, doubt }: { readonly sum: Sql; readonly doubt: Sql }): Sql =>
    sql`SELECT [${pairs(side)}] AS utm_values, count() AS part_rows, ${sum} AS part_cost, ${doubt} AS part_doubt FROM ${recordsOf(side, scope)} GROUP BY ${join(Object.values(utmColumns), ', ')}`;
  const noMoney = { sum: sql`toDecimal128(0, 6)`, doubt: noDoubt };
  const parts = join([sets('ads', moneyParts('cost', scope)), sets('crm', noMoney)], ' UNION ALL ');
  const values = sql`SELECT pair.1 AS utm, pair.2 AS value, replaceRegexpAll(value, ${bind('String', separators)}, '') AS core, sum(part_rows) AS value_rows, sum(part_cost) AS value_cost, groupBitOr(part_doubt) AS value_doubt FROM (${parts}) ARRAY JOIN utm_values AS pair WHERE value != ${bind('String', unknown)} GROUP BY utm, value HAVING core != ''`;
  const select = sql`SELECT utm, core, arrayMap(x -> (x.1, x.2, x.3), arraySort(x -> (-x.4, -toInt64(x.2), x.1), groupArray((value, value_rows, ${unlessDoubtful(sql`value_cost`, sql`value_doubt`)}, value_cost)))) AS spellings, ${unlessDoubtful(sql`sum(value_cost)`, sql`groupBitOr(value_doubt)`)} AS cost, ${moneyKey(sql`sum(value_cost)`)} AS cost_key, sum(value_rows) AS group_rows FROM (${values}) GROUP BY utm, core HAVING count() > 1`;
  return {
    row: nearDuplicateRow,
    select,
    order: [
      { by: sql`cost_key`, type: 'Decimal(38, 6)', direction: 'desc' },
      { by: sql`group_rows`, type: 'UInt64', direction: 'desc' },
      { by: sql`utm`, type: 'String', direction: 'asc' },
      { by: sql`core`, type: 'String', direction: 'asc' },
    ],
  };
}
