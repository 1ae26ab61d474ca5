import { z } from 'zod';
import { bind, empty, join, type Sql, sql } from '../clickhouse/sql.ts';
import { canonicalColumns } from '../metrics/canonical-columns.ts';
import type { DataScope } from '../metrics/data-scope.ts';
import { columnOfSide } from '../metrics/registry.ts';
import { firstDay, lastDay } from '../records/day.ts';
import { normaliseIdentifier, normaliseLabel, unknown } from '../records/text.ts';
import { type MoneyScope, moneyKey, moneyParts } from './money.ts';
import type { OrderedList } from './ordered-list.ts';
import { containsText, recordsOf } from './scope.ts';

export interface CampaignsQuery extends MoneyScope {
  /** Only campaigns whose id or one of whose utm_campaign values contains this text. */
  readonly search: string;
}

export const campaignRow = z
  .object({
    id: z.string(),
    channels: z.array(z.string()),
    name: z.string(),
    first_date: z.string(),
    last_date: z.string(),
  })
  .transform(({ id, channels, name, first_date, last_date }) => ({
    dimension: 'campaignId' as const,
    value: id,
    channels,
    name: name === '' ? null : name,
    firstDay: first_date,
    lastDay: last_date,
  }));
export type Campaign = z.infer<typeof campaignRow>;
/** A campaign whose money is turned into a currency. */
type CampaignIn = Campaign & Pick<MoneyScope, 'conversion'>;

export const channelRow = z
  .object({ name: z.string() })
  .transform(({ name }) => ({ dimension: 'channel' as const, value: name }));
export type Channel = z.infer<typeof channelRow>;

/** Campaigns with ads rows or attributed CRM records, most cost first. */
export const campaignList = (query: CampaignsQuery): OrderedList<CampaignIn> => ({
  row: campaignRow.transform((campaign) => ({ ...campaign, conversion: query.conversion })),
  select: statement(query, empty, searchCondition(query.search)),
  order: [
    { by: sql`campaign_cost`, type: 'Decimal(38, 6)', direction: 'desc' },
    { by: sql`id`, type: 'String', direction: 'asc' },
  ],
});

/** Returns the campaigns with these ids, over all stored days. */
export function campaignsByIdStatement(scope: DataScope, ids: readonly string[]): Sql {
  const always: MoneyScope = {
    ...scope,
    range: { from: firstDay, to: lastDay },
    where: undefined,
    conversion: undefined,
  };
  return statement(always, sql` AND campaign_id IN (${bind('Array(String)', ids)})`, empty);
}

/** Channels with ads rows or attributed CRM records, most cost first. */
export function channelsStatement(scope: MoneyScope): Sql {
  const ads = sql`SELECT channel AS name, ${costOf(scope)} AS part_cost FROM ${recordsOf('ads', scope)} AND channel != '' GROUP BY name`;
  const crm = sql`SELECT channel AS name, toDecimal128(0, 6) AS part_cost FROM ${recordsOf('crm', scope)} AND channel != '' GROUP BY name`;
  return sql`SELECT name FROM (${join([ads, crm], ' UNION ALL ')}) GROUP BY name ORDER BY sum(part_cost) DESC, name ASC`;
}

/**
 * Selects campaigns with their names. A name comes from the ads side; the CRM side counts only if no ads row has a name. Of
 * several names the one with the latest day wins, then the one with most clicks, then the last in the alphabet, so that the
 * result never depends on the order of rows.
 */
function statement(scope: MoneyScope, condition: Sql, having: Sql): Sql {
  const part = (side: 'ads' | 'crm', clicks: Sql, cost: Sql): Sql =>
    sql`SELECT campaign_id AS id, channel AS ran_on, ${canonicalColumns(columnOfSide(side), scope.model)('utmCampaign')} AS label, ${bind('UInt8', side === 'ads' ? 1 : 0)} AS is_ads, min(date) AS part_first, max(date) AS part_last, ${clicks} AS part_clicks, ${cost} AS part_cost FROM ${recordsOf(side, scope)} AND campaign_id != ''${condition} GROUP BY id, ran_on, label`;
  const parts = join(
    [part('ads', sql`sum(clicks)`, costOf(scope)), part('crm', sql`toUInt64(0)`, sql`toDecimal128(0, 6)`)],
    ' UNION ALL ',
  );
  return sql`SELECT id, arraySort(groupUniqArrayIf(toString(ran_on), ran_on != '')) AS channels, argMaxIf(toString(label), (is_ads, part_last, part_clicks, label), label != ${bind('String', unknown)}) AS name, min(part_first) AS first_date, max(part_last) AS last_date, sum(part_cost) AS campaign_cost FROM (${parts}) GROUP BY id${having}`;
}

/** What is ordered by: where there are no exchange rates, whatever the currencies. */
const costOf = (scope: MoneyScope): Sql => moneyKey(moneyParts('cost', scope).sum);

function searchCondition(search: string): Sql {
  if (search.trim() === '') return empty;
  return sql` HAVING ${containsText(sql`id`, normaliseIdentifier(search))} OR countIf(${containsText(sql`label`, normaliseLabel(search))}) > 0`;
}
