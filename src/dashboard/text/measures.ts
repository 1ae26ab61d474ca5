import type { Measure } from '../../../schema/generated/dashboard/graphql.ts';

export type Unit = 'count' | 'quantity' | 'money' | 'percent' | 'factor';

interface MeasureInfo {
  /** Its field in answers, and its variable in documents. */
  readonly field: MeasureField;
  readonly unit: Unit;
  /** Whether more of it is good news, bad news or neither. */
  readonly more: 'good' | 'bad' | 'neutral';
}

/** The measures that the page offers, in the order in which it lists them. */
export const measures = {
  COST: { field: 'cost', unit: 'money', more: 'neutral' },
  LEADS: { field: 'leads', unit: 'count', more: 'good' },
  CPA: { field: 'cpa', unit: 'money', more: 'bad' },
  OPPORTUNITIES: { field: 'opportunities', unit: 'count', more: 'good' },
  CLOSED_WON: { field: 'closedWon', unit: 'count', more: 'good' },
  REVENUE: { field: 'revenue', unit: 'money', more: 'good' },
  ROAS: { field: 'roas', unit: 'factor', more: 'good' },
  IMPRESSIONS: { field: 'impressions', unit: 'count', more: 'good' },
  CLICKS: { field: 'clicks', unit: 'count', more: 'good' },
  CTR: { field: 'ctr', unit: 'percent', more: 'good' },
  CPC: { field: 'cpc', unit: 'money', more: 'bad' },
  CPM: { field: 'cpm', unit: 'money', more: 'bad' },
  COST_PER_OPPORTUNITY: { field: 'costPerOpportunity', unit: 'money', more: 'bad' },
  CAC: { field: 'cac', unit: 'money', more: 'bad' },
  CVR_CLICK_TO_LEAD: { field: 'cvrClickToLead', unit: 'percent', more: 'good' },
  CVR_LEAD_TO_OPP: { field: 'cvrLeadToOpp', unit: 'percent', more: 'good' },
  CVR_OPP_TO_WON: { field: 'cvrOppToWon', unit: 'percent', more: 'good' },
  AVERAGE_DEAL_SIZE: { field: 'averageDealSize', unit: 'money', more: 'good' },
  CONVERSIONS: { field: 'conversions', unit: 'quantity', more: 'good' },
  CONVERSION_VALUE: { field: 'conversionValue', unit: 'money', more: 'good' },
  COST_PER_CONVERSION: { field: 'costPerConversion', unit: 'money', more: 'bad' },
  REPORTED_ROAS: { field: 'reportedRoas', unit: 'factor', more: 'good' },
} as const satisfies Record<Measure, { field: string; unit: Unit; more: MeasureInfo['more'] }>;

export type MeasureField = (typeof measures)[keyof typeof measures]['field'];

export const measureNames = Object.keys(measures) as readonly Measure[];

export const isMeasure = (name: string): name is Measure => Object.hasOwn(measures, name);

export const infoOf = (measure: Measure): MeasureInfo => measures[measure];

/** Figures of a row or of totals: those that were asked for. */
export type Figures = Readonly<Partial<Record<MeasureField, number | null>>>;

export const figureOf = (figures: Figures | null | undefined, measure: Measure): number | null =>
  figures?.[measures[measure].field] ?? null;

/** The variables that ask a document for these measures and no others. */
export const asking = (asked: readonly Measure[]): Partial<Record<MeasureField, boolean>> =>
  Object.fromEntries(asked.map((measure) => [measures[measure].field, true]));
