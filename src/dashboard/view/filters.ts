import type { Dimension, MetricsWhere, TextFilter } from '../../../schema/generated/dashboard/graphql.ts';

/** The dimensions to filter and group by, each with its field in filters and rows. DATE is the granularity's. */
export const dimensions = {
  CHANNEL: 'channel',
  CAMPAIGN_ID: 'campaignId',
  AD_GROUP_ID: 'adGroupId',
  AD_ID: 'adId',
  UTM_SOURCE: 'utmSource',
  UTM_MEDIUM: 'utmMedium',
  UTM_CAMPAIGN: 'utmCampaign',
  UTM_CONTENT: 'utmContent',
  UTM_TERM: 'utmTerm',
  MATCH: 'match',
  CURRENCY: 'currency',
} as const satisfies Record<Exclude<Dimension, 'DATE'>, string>;

export type Label = keyof typeof dimensions;

export const labels = Object.keys(dimensions) as readonly Label[];

export const isLabel = (name: string): name is Label => Object.hasOwn(dimensions, name);

/** A custom dimension of ads rows as filters name it: `breakdown.country`. */
type Breakdown = `breakdown.${string}`;

export const breakdownOf = (name: string): Breakdown => `breakdown.${name}`;

/** The name of a custom dimension; undefined for the others. */
export const breakdownName = (dimension: string): string | undefined =>
  /^breakdown\.([a-z][a-z0-9_]{0,39})$/.exec(dimension)?.[1];

const isBreakdown = (dimension: string): dimension is Breakdown => breakdownName(dimension) !== undefined;

/** `is` and `not` take a value or null, which stands for records without one. */
export type Operator = 'is' | 'not' | 'has';

export interface Filter {
  readonly dimension: Label | Breakdown;
  readonly operator: Operator;
  readonly value: string | null;
}

/**
 * What the filters select together. Values of one dimension that are to be (`is`) are alternatives; everything else must hold
 * at once.
 */
export function whereOf(filters: readonly Filter[]): MetricsWhere | undefined {
  if (filters.length === 0) return undefined;
  const breakdowns = new Set(filters.map(({ dimension }) => dimension).filter(isBreakdown));
  const conditions = [...labels, ...breakdowns].flatMap((dimension) => {
    const own = filters.filter((filter) => filter.dimension === dimension);
    const valuesOf = (operator: Operator): (string | null)[] =>
      own.filter((filter) => filter.operator === operator).map(({ value }) => value);
    const name = breakdownName(dimension);
    const condition = (filter: TextFilter): MetricsWhere =>
      name === undefined ? { [fieldOf(dimension)]: filter } : { breakdowns: [{ name, ...filter }] };
    const [wanted, unwanted] = [valuesOf('is'), valuesOf('not')];
    return [
      ...(wanted.length > 0 ? [condition({ in: wanted })] : []),
      ...(unwanted.length > 0 ? [condition({ notIn: unwanted })] : []),
      ...valuesOf('has').map((value) => condition({ contains: value ?? '' })),
    ];
  });
  return conditions.length === 1 ? conditions[0] : { and: conditions };
}

const isSame = (one: Filter, other: Filter): boolean =>
  one.dimension === other.dimension && one.operator === other.operator && one.value === other.value;

export const withFilter = (filters: readonly Filter[], filter: Filter): readonly Filter[] =>
  filters.some((known) => isSame(known, filter)) ? filters : [...filters, filter];

export const withoutFilter = (filters: readonly Filter[], filter: Filter): readonly Filter[] =>
  filters.filter((known) => !isSame(known, filter));

/** In an address. */
const fieldOf = (dimension: Filter['dimension']): string =>
  isLabel(dimension) ? dimensions[dimension] : dimension;

/** `channel|is|google_ads` in an address; without a value: `channel|is`. */
export const filterText = ({ dimension, operator, value }: Filter): string =>
  [fieldOf(dimension), operator, ...(value === null ? [] : [value])].join('|');

/** Undefined for what is no filter. */
export function parseFilter(text: string): Filter | undefined {
  const [field = '', operator = '', ...rest] = text.split('|');
  const dimension = isBreakdown(field) ? field : labels.find((label) => dimensions[label] === field);
  if (dimension === undefined || !isOperator(operator)) return undefined;
  const value = rest.length === 0 ? null : rest.join('|');
  if (operator === 'has' && !value) return undefined;
  return { dimension, operator, value };
}

const isOperator = (text: string): text is Operator => text === 'is' || text === 'not' || text === 'has';
