import { bind, type Sql, sql } from '../clickhouse/sql.ts';

/** A quantity can have a fraction. Money is in the asked currency, or in that of the records; a ratio is a fraction (0.05 is five per cent). */
export type Unit = 'count' | 'quantity' | 'money' | 'ratio';

/** The sides that every figure of this file comes from. Each is aggregated separately; the results are united, never joined. */
export type Side = 'ads' | 'crm';

/** The table of each side. */
export const tableOf: Readonly<Record<Side, Sql>> = { ads: sql`ad_performance`, crm: sql`opportunities` };

/** What is added up of a side's rows. */
export interface Addend {
  /** Undefined: each row counts one. */
  readonly value?: Sql | undefined;
  /** Which rows count; undefined: all. */
  readonly counts?: Sql | undefined;
}

interface StandardSumDefinition extends Addend {
  readonly from: Side;
  /** Counts on the day that a record was closed, where that is asked for. */
  readonly isOutcome?: true;
  readonly unit: Exclude<Unit, 'ratio'>;
  readonly formula: string;
  readonly description: string;
}

export interface Ratio<Name extends string> {
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
    value: sql`impressions`,
    unit: 'count',
    formula: 'sum of impressions',
    description: 'Times that ads were shown.',
  },
  clicks: {
    from: 'ads',
    value: sql`clicks`,
    unit: 'count',
    formula: 'sum of clicks',
    description: 'Clicks on ads.',
  },
  cost: {
    from: 'ads',
    value: sql`cost`,
    unit: 'money',
    formula: 'sum of cost',
    description: 'Ad spend, summed exactly.',
  },
  conversions: {
    from: 'ads',
    value: sql`conversions`,
    unit: 'quantity',
    formula: 'sum of conversions',
    description: 'Conversions as the ad platforms report them.',
  },
  conversionValue: {
    from: 'ads',
    value: sql`conversion_value`,
    unit: 'money',
    formula: 'sum of conversion_value',
    description: 'Value of conversions as the ad platforms report it, summed exactly.',
  },
  leads: {
    from: 'crm',
    unit: 'count',
    formula: 'CRM records of every stage',
    description: 'CRM records at any stage.',
  },
  opportunities: {
    from: 'crm',
    counts: sql`stage != 'lead'`,
    unit: 'count',
    formula: 'CRM records that reached `opportunity` or beyond',
    description: 'CRM records that reached the stage `opportunity` or a later one, won or lost.',
  },
  closedWon: {
    from: 'crm',
    isOutcome: true,
    counts: sql`stage = 'closed_won'`,
    unit: 'count',
    formula: 'CRM records at `closed_won`',
    description: 'Won CRM records.',
  },
  revenue: {
    from: 'crm',
    isOutcome: true,
    value: sql`amount`,
    counts: sql`stage = 'closed_won'`,
    unit: 'money',
    formula: 'sum of amount at `closed_won`',
    description: 'Amount of won CRM records, summed exactly.',
  },
} as const satisfies Record<string, StandardSumDefinition>;

export type StandardSum = keyof typeof sums;

export const standardSum = (name: StandardSum): StandardSumDefinition => sums[name];

/** The sums of money. */
export type StandardAmount = {
  [Name in StandardSum]: (typeof sums)[Name]['unit'] extends 'money' ? Name : never;
}[StandardSum];

/** The day of a CRM record that its outcome stands on. */
export const crmDates = ['created', 'closed'] as const;
export type CrmDate = (typeof crmDates)[number];

/** @param addend of money: as it is stored */
export function sumOf({ value, counts }: Addend): Sql {
  if (value === undefined) return counts === undefined ? sql`count()` : sql`countIf(${counts})`;
  return counts === undefined ? sql`sum(${value})` : sql`sumIf(${value}, ${counts})`;
}

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
} as const satisfies Record<string, Ratio<StandardSum>>;

export type StandardRatio = keyof typeof ratios;
export type StandardMeasure = StandardSum | StandardRatio;

export const sumNames = Object.keys(sums) as readonly StandardSum[];
export const ratioNames = Object.keys(ratios) as readonly StandardRatio[];

/** Those that every installation has. */
export const standardMeasures: readonly StandardMeasure[] = [...sumNames, ...ratioNames];

const ownMeasurePrefix = 'measure.';
/** A measure that the model defines: by its key there. */
export type OwnMeasure = `${typeof ownMeasurePrefix}${string}`;
export const ownMeasure = (key: string): OwnMeasure => `${ownMeasurePrefix}${key}`;
export const isOwnMeasure = (name: string): name is OwnMeasure => name.startsWith(ownMeasurePrefix);
export const keyOfOwnMeasure = (name: OwnMeasure): string => name.slice(ownMeasurePrefix.length);

export type SumName = StandardSum | OwnMeasure;
export type MeasureName = StandardMeasure | OwnMeasure;

export const isMeasure = (name: string): name is MeasureName =>
  name in sums || name in ratios || isOwnMeasure(name);

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
const ownDimensionPrefix = 'dimension.';
/** A dimension that the model defines: by its key there. */
export type OwnDimension = `${typeof ownDimensionPrefix}${string}`;
export type TextDimension = LabelName | BreakdownName | OwnDimension;
/** The dimensions that callers name one by one. */
export type AskedDimension = NamedDimension | OwnDimension;
export type DimensionName = 'date' | TextDimension;

/** @param name satisfies `isValueName` */
export const breakdownDimension = (name: string): BreakdownName => `${breakdownPrefix}${name}`;

export const isBreakdown = (name: string): name is BreakdownName => name.startsWith(breakdownPrefix);

/** Returns the breakdown's name without the prefix. */
export const breakdownOf = (name: BreakdownName): string => name.slice(breakdownPrefix.length);

export const ownDimension = (key: string): OwnDimension => `${ownDimensionPrefix}${key}`;

export const isOwnDimension = (name: string): name is OwnDimension => name.startsWith(ownDimensionPrefix);

export const keyOfOwnDimension = (name: OwnDimension): string => name.slice(ownDimensionPrefix.length);

const eventFieldPrefix = 'event.';
/** A field of events, for the conditions of own measures: `event.service`, `event.metadata.plan`. */
export type EventField = `${typeof eventFieldPrefix}${string}`;
/** @param path such as `metadata.plan` */
export const eventField = (path: string): EventField => `${eventFieldPrefix}${path}`;

export const isEventField = (name: string): name is EventField => name.startsWith(eventFieldPrefix);

/** `metadata.plan` → `['metadata', 'plan']`. */
export const pathOfEventField = (name: EventField): readonly string[] =>
  name.slice(eventFieldPrefix.length).split('.');

/** What a condition can be about. */
export type Field = TextDimension | EventField;
/** Fields that have a column; an own dimension is worked out of some. */
export type StoredField = Exclude<Field, OwnDimension>;

/** How values of filters are normalised to the stored form. */
export type ValueForm = Dimension['values'];

export function formOf(name: Field): ValueForm {
  if (isBreakdown(name) || isOwnDimension(name) || isEventField(name)) return 'name';
  return labels[name].values;
}

/** Where a relation has a field. */
export type ColumnOf = (name: StoredField) => Sql;

/** A dimension that the side lacks is null there, stored as ''. All CRM records lack breakdowns. */
export const columnOfSide =
  (side: Side): ColumnOf =>
  (name) => {
    if (isEventField(name)) return sql`''`;
    if (!isBreakdown(name)) return labels[name].columns[side] ?? sql`''`;
    return side === 'ads' ? sql`breakdowns[${bind('String', breakdownOf(name))}]` : sql`''`;
  };

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

/** A measure or dimension as a field of rows. */
export function fieldOf(name: MeasureName | AskedDimension): string {
  if (isOwnMeasure(name)) return camelCase(keyOfOwnMeasure(name));
  return isOwnDimension(name) ? camelCase(keyOfOwnDimension(name)) : name;
}

/** `paid_channel` → `paidChannel`: the field of a model's key. */
export const camelCase = (key: string): string =>
  key.replace(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
