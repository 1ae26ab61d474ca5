import { bind, type Sql, sql } from '../clickhouse/sql.ts';
import { type MoneyColumn, moneyAggregates } from './currency/money.ts';

/** A quantity can have a fraction. Money is in the asked currency, or in that of the records; a ratio is a fraction (0.05 is five per cent). */
export type Unit = 'count' | 'quantity' | 'money' | 'ratio';

/** The two sides that a figure can come from. Each is aggregated separately; the results are united, never joined. */
export type Side = 'ads' | 'crm';

/** The table of each side. */
export const tableOf: Readonly<Record<Side, Sql>> = { ads: sql`ad_performance`, crm: sql`opportunities` };

interface Count {
  readonly from: Side;
  /** Counts on the day that a record was closed, where that is asked for. */
  readonly isOutcome?: true;
  readonly unit: 'count' | 'quantity';
  /** The aggregate over the side's table. */
  readonly aggregate: Sql;
  readonly formula: string;
  readonly description: string;
}

interface Amount {
  readonly from: Side;
  readonly isOutcome?: true;
  readonly unit: 'money';
  /** What is summed of the side's table. */
  readonly money: MoneyColumn;
  readonly formula: string;
  readonly description: string;
}

interface Ratio<Name extends string> {
  readonly numerator: Name;
  readonly denominator: Name;
  readonly factor?: number;
  readonly unit: 'money' | 'ratio';
  readonly formula: string;
  readonly description: string;
}

/** Additive measures: every other measure is computed from them. */
export const sums = {
  impressions: {
    from: 'ads',
    aggregate: sql`sum(impressions)`,
    unit: 'count',
    formula: 'sum of impressions',
    description: 'Times that ads were shown.',
  },
  clicks: {
    from: 'ads',
    aggregate: sql`sum(clicks)`,
    unit: 'count',
    formula: 'sum of clicks',
    description: 'Clicks on ads.',
  },
  cost: {
    from: 'ads',
    money: { amount: sql`cost` },
    unit: 'money',
    formula: 'sum of cost',
    description: 'Ad spend, summed exactly.',
  },
  conversions: {
    from: 'ads',
    aggregate: sql`sum(conversions)`,
    unit: 'quantity',
    formula: 'sum of conversions',
    description: 'Conversions as the ad platforms report them.',
  },
  conversionValue: {
    from: 'ads',
    money: { amount: sql`conversion_value` },
    unit: 'money',
    formula: 'sum of conversion_value',
    description: 'Value of conversions as the ad platforms report it, summed exactly.',
  },
  leads: {
    from: 'crm',
    aggregate: sql`count()`,
    unit: 'count',
    formula: 'CRM records of every stage',
    description: 'CRM records at any stage.',
  },
  opportunities: {
    from: 'crm',
    aggregate: sql`countIf(stage != 'lead')`,
    unit: 'count',
    formula: 'CRM records that reached `opportunity` or beyond',
    description: 'CRM records that reached the stage `opportunity` or a later one, won or lost.',
  },
  closedWon: {
    from: 'crm',
    isOutcome: true,
    aggregate: sql`countIf(stage = 'closed_won')`,
    unit: 'count',
    formula: 'CRM records at `closed_won`',
    description: 'Won CRM records.',
  },
  revenue: {
    from: 'crm',
    isOutcome: true,
    money: { amount: sql`amount`, counts: sql`stage = 'closed_won'` },
    unit: 'money',
    formula: 'sum of amount at `closed_won`',
    description: 'Amount of won CRM records, summed exactly.',
  },
} as const satisfies Record<string, Count | Amount>;

export type SumName = keyof typeof sums;

/** The sums of money. */
export type AmountName = {
  [Name in SumName]: (typeof sums)[Name]['unit'] extends 'money' ? Name : never;
}[SumName];

export const isAmount = (name: SumName): name is AmountName => sums[name].unit === 'money';

/** Whether a sum can stand on the day that a CRM record was closed. */
export const isOutcome = (name: SumName): boolean => 'isOutcome' in sums[name];

/** The day of a CRM record that its outcome stands on. */
export const crmDates = ['created', 'closed'] as const;
export type CrmDate = (typeof crmDates)[number];

/** The aggregate over the side's table, of money as it is stored. */
export const aggregateOf = (name: SumName): Sql =>
  isAmount(name) ? moneyAggregates(sums[name].money, undefined).sum : sums[name].aggregate;

/** Quotients of sums at the requested grain, never averages of quotients. Null if the denominator is zero. */
export const ratios = {
  ctr: {
    numerator: 'clicks',
    denominator: 'impressions',
    unit: 'ratio',
    formula: 'clicks / impressions',
    description: 'Click-through rate.',
  },
  cpc: {
    numerator: 'cost',
    denominator: 'clicks',
    unit: 'money',
    formula: 'cost / clicks',
    description: 'Cost per click.',
  },
  cpm: {
    numerator: 'cost',
    denominator: 'impressions',
    factor: 1_000,
    unit: 'money',
    formula: '1000 * cost / impressions',
    description: 'Cost per thousand impressions.',
  },
  costPerConversion: {
    numerator: 'cost',
    denominator: 'conversions',
    unit: 'money',
    formula: 'cost / conversions',
    description: 'Cost per conversion as the ad platforms report them.',
  },
  reportedRoas: {
    numerator: 'conversionValue',
    denominator: 'cost',
    unit: 'ratio',
    formula: 'conversionValue / cost',
    description: 'Return on ad spend as the ad platforms report it.',
  },
  cpa: {
    numerator: 'cost',
    denominator: 'leads',
    unit: 'money',
    formula: 'cost / leads',
    description: 'Cost per lead (acquisition).',
  },
  costPerOpportunity: {
    numerator: 'cost',
    denominator: 'opportunities',
    unit: 'money',
    formula: 'cost / opportunities',
    description: 'Cost per opportunity.',
  },
  cac: {
    numerator: 'cost',
    denominator: 'closedWon',
    unit: 'money',
    formula: 'cost / closedWon',
    description: 'Customer acquisition cost.',
  },
  cvrClickToLead: {
    numerator: 'leads',
    denominator: 'clicks',
    unit: 'ratio',
    formula: 'leads / clicks',
    description: 'Conversion rate from click to lead.',
  },
  cvrLeadToOpp: {
    numerator: 'opportunities',
    denominator: 'leads',
    unit: 'ratio',
    formula: 'opportunities / leads',
    description: 'Conversion rate from lead to opportunity.',
  },
  cvrOppToWon: {
    numerator: 'closedWon',
    denominator: 'opportunities',
    unit: 'ratio',
    formula: 'closedWon / opportunities',
    description: 'Conversion rate from opportunity to won.',
  },
  roas: {
    numerator: 'revenue',
    denominator: 'cost',
    unit: 'ratio',
    formula: 'revenue / cost',
    description: 'Return on ad spend.',
  },
  averageDealSize: {
    numerator: 'revenue',
    denominator: 'closedWon',
    unit: 'money',
    formula: 'revenue / closedWon',
    description: 'Average amount of a won CRM record.',
  },
} as const satisfies Record<string, Ratio<SumName>>;

type RatioName = keyof typeof ratios;
export type MeasureName = SumName | RatioName;

export const sumNames = Object.keys(sums) as readonly SumName[];
export const amountNames: readonly AmountName[] = sumNames.filter(isAmount);
const ratioNames = Object.keys(ratios) as readonly RatioName[];
export const measureNames: readonly MeasureName[] = [...sumNames, ...ratioNames];

export const isSum = (name: MeasureName): name is SumName => name in sums;

export const isMeasure = (name: string): name is MeasureName => name in sums || name in ratios;

/** Returns a measure's description for the schema, the catalogue and the docs. */
export function describeMeasure(name: MeasureName): { unit: Unit; formula: string; description: string } {
  return isSum(name) ? sums[name] : ratios[name];
}

/** Returns the sums that a measure is computed from. */
export function sumsOf(name: MeasureName): readonly SumName[] {
  return isSum(name) ? [name] : [ratios[name].numerator, ratios[name].denominator];
}

interface Dimension {
  /** The column on each side; null: the side lacks it, and all its rows are null there. */
  readonly columns: Readonly<Record<Side, Sql | null>>;
  /** How the values of filters are normalised to the stored form. */
  readonly values: 'label' | 'identifier' | 'name' | 'code';
  readonly description: string;
}

const both = (column: Sql): Readonly<Record<Side, Sql>> => ({ ads: column, crm: column });

/** Text dimensions. An empty column value stands for null. `date` is separate: it has granularities. */
const labels = {
  channel: {
    columns: both(sql`channel`),
    values: 'label',
    description: 'Ad platform or channel. A CRM record has the channel that it is attributed to, or null.',
  },
  campaignId: {
    columns: both(sql`campaign_id`),
    values: 'identifier',
    description:
      'Campaign id of the ad platform. A CRM record has the campaign that it is attributed to, or null.',
  },
  adGroupId: {
    columns: { ads: sql`ad_group_id`, crm: null },
    values: 'identifier',
    description: 'Ad group id of the ad platform. Null if the feed has no ad groups, and for CRM records.',
  },
  adId: {
    columns: { ads: sql`ad_id`, crm: null },
    values: 'identifier',
    description: 'Ad id of the ad platform. Null if the feed has no ads, and for CRM records.',
  },
  utmCampaign: {
    columns: both(sql`utm_campaign`),
    values: 'label',
    description: 'utm_campaign in lower case; `unknown` if missing.',
  },
  utmSource: {
    columns: both(sql`utm_source`),
    values: 'label',
    description: 'utm_source in lower case; `unknown` if missing.',
  },
  utmMedium: {
    columns: both(sql`utm_medium`),
    values: 'label',
    description: 'utm_medium in lower case; `unknown` if missing.',
  },
  utmContent: {
    columns: both(sql`utm_content`),
    values: 'label',
    description: 'utm_content in lower case; `unknown` if missing.',
  },
  utmTerm: {
    columns: both(sql`utm_term`),
    values: 'label',
    description: 'utm_term in lower case; `unknown` if missing.',
  },
  currency: {
    columns: both(sql`currency`),
    values: 'code',
    description: 'ISO 4217 currency code of the amounts.',
  },
  match: {
    columns: { ads: null, crm: sql`match` },
    values: 'code',
    description:
      'How CRM records were attributed: EXACT, WINDOW, CAMPAIGN or UNATTRIBUTED. Null for ads rows.',
  },
} as const satisfies Record<string, Dimension>;

export type LabelName = keyof typeof labels;
export const labelNames = Object.keys(labels) as readonly LabelName[];
/** The dimensions that every workspace has. */
export type NamedDimension = 'date' | LabelName;
export const dimensionNames: readonly NamedDimension[] = ['date', ...labelNames];

const breakdownPrefix = 'breakdown.';
/** A dimension that a source declares. */
export type BreakdownName = `${typeof breakdownPrefix}${string}`;
export type TextDimension = LabelName | BreakdownName;
export type DimensionName = 'date' | TextDimension;

/** @param name satisfies `isBreakdownName` */
export const breakdownDimension = (name: string): BreakdownName => `${breakdownPrefix}${name}`;

export const isBreakdown = (name: DimensionName): name is BreakdownName => name.startsWith(breakdownPrefix);

/** Returns the breakdown's name without the prefix. */
export const breakdownOf = (name: BreakdownName): string => name.slice(breakdownPrefix.length);

/** Returns the columns and normalisation of a text dimension. Rows without the breakdown, all CRM records included, are null there. */
export const textDimension = (name: TextDimension): Omit<Dimension, 'description'> =>
  isBreakdown(name)
    ? {
        columns: { ads: sql`breakdowns[${bind('String', breakdownOf(name))}]`, crm: null },
        values: 'name',
      }
    : labels[name];

/** Where a relation has a dimension. */
export type ColumnOf = (name: TextDimension) => Sql;

/** A dimension that the side lacks is null there, stored as ''. */
export const columnOfSide =
  (side: Side): ColumnOf =>
  (name) =>
    textDimension(name).columns[side] ?? sql`''`;

const dateDescription =
  'First day of the day, week, month, quarter or year (see `granularity`). A CRM record counts on the day it was created; `crmDate` can move its outcome to the day it was closed.';

export const describeDimension = (name: NamedDimension): string =>
  name === 'date' ? dateDescription : labels[name].description;

export const granularities = ['day', 'week', 'month', 'quarter', 'year'] as const;
export type Granularity = (typeof granularities)[number];

export const weekdays = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
] as const;
export type Weekday = (typeof weekdays)[number];

export const matches = ['EXACT', 'WINDOW', 'CAMPAIGN', 'UNATTRIBUTED'] as const;

/** `costPerOpportunity` → `cost_per_opportunity`: the name of a measure or dimension in SQL. */
export const snakeCase = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
