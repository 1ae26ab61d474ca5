import { z } from 'zod';
import { columnsOf } from '../clickhouse/columns-of.ts';
import { instant } from '../clickhouse/instant.ts';
import { bind, empty, identifier, join, type Sql, sql } from '../clickhouse/sql.ts';
import { matches } from '../metrics/registry.ts';
import { adFigures, isCount } from '../records/ad-performance.ts';
import { type Stage, stages } from '../records/stage.ts';
import { type MoneyScope, moneyOfRecord, moneyOrder } from './money.ts';
import type { KeyType, OrderedList } from './ordered-list.ts';
import { optionalText, recordsOf } from './scope.ts';

interface RecordOrder<Column extends string> {
  readonly by: Column;
  readonly direction: 'asc' | 'desc';
}

export const opportunityOrders = ['createdAt', 'amount'] as const;
type OpportunityOrder = RecordOrder<(typeof opportunityOrders)[number]>;

export interface OpportunitiesQuery extends MoneyScope {
  /** Only records whose current stage is one of these; all if undefined. */
  readonly stages: readonly Stage[] | undefined;
  readonly order: OpportunityOrder;
}

const utms = {
  utm_campaign: z.string(),
  utm_source: z.string(),
  utm_medium: z.string(),
  utm_content: z.string(),
  utm_term: z.string(),
};

/** 1970 stands for none. */
const dateOrNull = (date: Date): Date | null => (date.getTime() === 0 ? null : date);

/** A record's money as the query wants it, beside what is stored. */
const shownColumns = { shown_money: z.number().nullable(), shown_currency: z.string() };

const shownMoney = (amount: Sql, scope: MoneyScope): Sql =>
  sql`${moneyOfRecord(amount, scope)} AS shown_money, ${moneyOrder(amount, scope)} AS money_key, ${scope.conversion === undefined ? sql`currency` : bind('String', scope.conversion.currency)} AS shown_currency`;

// `contact_hash` is omitted, because it reveals which records belong to one person.
const opportunityColumns = z.object({
  opportunity_id: z.string(),
  created_at: instant,
  closed_at: instant.transform(dateOrNull),
  date: z.string(),
  stage: z.enum(stages),
  stage_name: z.string(),
  amount: z.number(),
  currency: z.string(),
  ...utms,
  channel: optionalText,
  campaign_id: optionalText,
  match: z.enum(matches),
  namespace: z.string(),
  source: z.string(),
});
const opportunityRow = opportunityColumns.extend(shownColumns);
export type OpportunityRecord = z.infer<typeof opportunityRow>;

export function opportunityList(query: OpportunitiesQuery): OrderedList<OpportunityRecord> {
  const atStage =
    query.stages === undefined
      ? empty
      : sql` AND toString(stage) IN (${bind('Array(String)', query.stages)})`;
  const { by, direction } = query.order;
  return {
    row: opportunityRow,
    select: sql`SELECT ${selectList(opportunityColumns)}, ${shownMoney(sql`amount`, query)} FROM ${recordsOf('crm', query)}${atStage}`,
    order: [
      { ...opportunityKeys[by], direction },
      { by: sql`opportunity_id`, type: 'String', direction: 'asc' },
      { by: sql`namespace`, type: 'String', direction: 'asc' },
      { by: sql`date`, type: 'Date', direction: 'asc' },
    ],
  };
}

const opportunityKeys = {
  createdAt: { by: sql`toUnixTimestamp64Milli(created_at)`, type: 'Int64' },
  amount: { by: sql`money_key`, type: 'Decimal(38, 6)' },
} as const;

export const adOrders = ['date', ...adFigures] as const;
type AdOrder = RecordOrder<(typeof adOrders)[number]>;

export interface AdsQuery extends MoneyScope {
  readonly order: AdOrder;
  /** Whether rows contain their breakdowns, or extra measures: each costs one more column to read. */
  readonly showsBreakdowns: boolean;
  readonly showsExtraMeasures: boolean;
}

const adColumns = z.object({
  date: z.string(),
  channel: z.string(),
  campaign_id: z.string(),
  ad_group_id: optionalText,
  ad_id: optionalText,
  ...utms,
  currency: z.string(),
  ...columnsOf(adFigures, () => z.number()),
  source: z.string(),
});
const adRow = adColumns.extend({
  ...shownColumns,
  shown_value: z.number().nullable(),
  breakdowns: z.record(z.string(), z.string()).default({}),
  extra_measures: z.record(z.string(), z.number()).default({}),
});
export type AdRecord = z.infer<typeof adRow>;

export function adList(query: AdsQuery): OrderedList<AdRecord> {
  const { by, direction } = query.order;
  const value = sql`conversion_value`;
  const columns = sql`${selectList(adColumns)}, ${shownMoney(sql`cost`, query)}, ${moneyOfRecord(value, query)} AS shown_value, ${moneyOrder(value, query)} AS value_key`;
  // Left out, not given another value by their name: filters would read that.
  const breakdowns = query.showsBreakdowns ? sql`breakdowns, ` : empty;
  const extras = query.showsExtraMeasures ? sql`extra_measures, ` : empty;
  return {
    row: adRow,
    select: sql`SELECT ${columns}, ${breakdowns}${extras}row_key FROM ${recordsOf('ads', query)}`,
    order: [
      { by: moneyKeys.get(by) ?? identifier(by), type: typeOf(by), direction },
      { by: sql`date`, type: 'Date', direction: 'asc' },
      // A hash of the other key columns. Together with the day it makes the order complete.
      { by: sql`row_key`, type: 'UInt64', direction: 'asc' },
    ],
  };
}

/** What rows are ordered by in place of an amount in a currency of its own. */
const moneyKeys = new Map<AdOrder['by'], Sql>([
  ['cost', sql`money_key`],
  ['conversion_value', sql`value_key`],
]);

function typeOf(order: AdOrder['by']): KeyType {
  if (order === 'date') return 'Date';
  return isCount(order) ? 'UInt64' : 'Decimal(38, 6)';
}

const selectList = (row: z.ZodObject): Sql => join(Object.keys(row.shape).map(identifier), ', ');
