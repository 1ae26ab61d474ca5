/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** How a CRM record was attributed to a channel and campaign. */
export type AttributionMatch =
  /** Only utm_campaign matches, because the utm_source or utm_medium of the CRM record is unknown. */
  | 'CAMPAIGN'
  /** An ads row of the same day has the same utm_campaign, utm_source and utm_medium. */
  | 'EXACT'
  /** No ads row matches. Channel and campaign are null. */
  | 'UNATTRIBUTED'
  /** An ads row of an earlier day within the attribution window has the same UTMs. The latest such day counts. */
  | 'WINDOW';

/** Conditions on a breakdown, as in `TextFilter`. The value is null for ads rows without this breakdown and for all CRM records. */
export type BreakdownFilter = {
  /** Contains this text. */
  contains?: string | null | undefined;
  /** Ends with this text. */
  endsWith?: string | null | undefined;
  /** Equal to this text. `eq: null`, as the only condition, selects records without a value. */
  eq?: string | null | undefined;
  /** One of these texts. Null in the list stands for records without a value. */
  in?: Array<string | null | undefined> | null | undefined;
  /** True selects records whose value is `unknown` or null, false all others. */
  isUnknown?: boolean | null | undefined;
  /** A custom dimension of ads rows, such as `country` or `device`. Case-sensitive. See `breakdowns` in docs/sources.md. */
  name: string;
  /** Not equal to this text. `ne: null`, as the only condition, selects records with a value. */
  ne?: string | null | undefined;
  /** None of these texts. Null in the list stands for records without a value. */
  notIn?: Array<string | null | undefined> | null | undefined;
  /** Starts with this text. */
  startsWith?: string | null | undefined;
};

/** Which days of the previous year a range is compared with. */
export type CompareAlign =
  /** The same calendar days: 1 to 7 March with 1 to 7 March. */
  | 'DATE'
  /** The days 52 weeks earlier: Monday to Sunday with Monday to Sunday. */
  | 'WEEKDAY';

/** The range to compare with. Give exactly one of `previousPeriod`, `previousYear` and `between`. */
export type CompareToInput = {
  /** For `previousYear`. Default: WEEKDAY for rows by week and for ranges of whole weeks, else DATE. `meta { comparedAlign }` tells. */
  align?: CompareAlign | null | undefined;
  /** Compares with these days. When grouped by DATE, the first day is compared with the first day of the range, and so on; days beyond the length of the range count towards its last day. */
  between?: DaysBetweenInput | null | undefined;
  /** True compares with the same number of days just before the range. A range of weeks, months, quarters or years is compared with as many units before; if the current unit is unfinished, up to the same day of the unit. */
  previousPeriod?: boolean | null | undefined;
  /** True compares with one year earlier: with the same calendar days, and whole months with whole months (29 February is compared with 28 February), or with the same weekdays, as `align` says. */
  previousYear?: boolean | null | undefined;
};

/** The day that won CRM records and their revenue count on. */
export type CrmDate =
  /** The day that the record was won, or created where the CRM does not say: what was won on these days. */
  | 'CLOSED'
  /** The day that the record was created: what came of the leads of these days. */
  | 'CREATED';

/** Relative ranges. “Today” is the current day in REPORTING_TIMEZONE. LAST_<number>_DAYS ends yesterday, LAST_<unit> is the last complete unit, THIS_<unit> ends today. */
export type DatePreset =
  /** Last 7 days. */
  | 'LAST_7_DAYS'
  /** Last 14 days. */
  | 'LAST_14_DAYS'
  /** Last 28 days. */
  | 'LAST_28_DAYS'
  /** Last 30 days. */
  | 'LAST_30_DAYS'
  /** Last 90 days. */
  | 'LAST_90_DAYS'
  /** Last month. */
  | 'LAST_MONTH'
  /** Last quarter. */
  | 'LAST_QUARTER'
  /** Last week. */
  | 'LAST_WEEK'
  /** Last year. */
  | 'LAST_YEAR'
  /** This month. */
  | 'THIS_MONTH'
  /** This quarter. */
  | 'THIS_QUARTER'
  /** This week. */
  | 'THIS_WEEK'
  /** This year. */
  | 'THIS_YEAR'
  /** Today. */
  | 'TODAY'
  /** Year to date. */
  | 'YEAR_TO_DATE'
  /** Yesterday. */
  | 'YESTERDAY';

/** A range of days. Give exactly one field. */
export type DateRangeInput =
  {   /** From a first day to a last day. */
  between: DaysBetweenInput; last?: never; preset?: never; }
  |  { between?: never;   /** A number of units, counted back from today. */
  last: LastUnitsInput; preset?: never; }
  |  { between?: never; last?: never;   /** A named range. */
  preset: DatePreset; };

/** Days from `from` to `to`, both included. */
export type DaysBetweenInput = {
  /** First day. */
  from: string;
  /** Last day. */
  to: string;
};

/** A dimension to group and filter by. */
export type Dimension =
  /** Ad group id of the ad platform. Null if the feed has no ad groups, and for CRM records. */
  | 'AD_GROUP_ID'
  /** Ad id of the ad platform. Null if the feed has no ads, and for CRM records. */
  | 'AD_ID'
  /** Campaign id of the ad platform. A CRM record has the campaign that it is attributed to, or null. */
  | 'CAMPAIGN_ID'
  /** Ad platform or channel. A CRM record has the channel that it is attributed to, or null. */
  | 'CHANNEL'
  /** ISO 4217 currency code of the amounts. */
  | 'CURRENCY'
  /** First day of the day, week, month, quarter or year (see `granularity`). A CRM record counts on the day it was created; `crmDate` can move its outcome to the day it was closed. */
  | 'DATE'
  /** How CRM records were attributed: EXACT, WINDOW, CAMPAIGN or UNATTRIBUTED. Null for ads rows. */
  | 'MATCH'
  /** utm_campaign in lower case; `unknown` if missing. */
  | 'UTM_CAMPAIGN'
  /** utm_content in lower case; `unknown` if missing. */
  | 'UTM_CONTENT'
  /** utm_medium in lower case; `unknown` if missing. */
  | 'UTM_MEDIUM'
  /** utm_source in lower case; `unknown` if missing. */
  | 'UTM_SOURCE'
  /** utm_term in lower case; `unknown` if missing. */
  | 'UTM_TERM';

/** The rejected records that do not matter. With `ids` and `where`, both must hold. */
export type DismissRejectedRecordsInput = {
  /** Ids of the records, at most 1000. */
  ids?: Array<string | number> | null | undefined;
  /** Filter that selects the records, however many. Without `ids`, it needs a condition. */
  where?: RejectedRecordsWhere | null | undefined;
};

/** Which value of a measure to use. All except CURRENT require `compareTo`. */
export type Figure =
  /** Current value minus previous value. */
  | 'CHANGE'
  /** The value in the range itself. */
  | 'CURRENT'
  /** The value in the comparison range. */
  | 'PREVIOUS'
  /** Current value minus previous value, divided by the previous value: 0.1 means 10% more. */
  | 'RELATIVE_CHANGE';

/** The steps from an impression to a won deal, in order. */
export type FunnelStepName =
  /** An ad was clicked (measure `clicks`). */
  | 'CLICK'
  /** An ad was shown (measure `impressions`). */
  | 'IMPRESSION'
  /** A CRM record was created (measure `leads`). */
  | 'LEAD'
  /** The CRM record reached the stage `opportunity` or a later one (measure `opportunities`). */
  | 'OPPORTUNITY'
  /** The CRM record was won (measure `closedWon`). */
  | 'WON';

/** How days are grouped. */
export type Granularity =
  /** By day. */
  | 'DAY'
  /** By month. */
  | 'MONTH'
  /** By quarter. */
  | 'QUARTER'
  /** By week. */
  | 'WEEK'
  /** By year. */
  | 'YEAR';

/** What happens to a run that would remove more than half of what is stored for its source. */
export type IngestGuard =
  /** The run writes its changes. */
  | 'OFF'
  /** The run waits with the status `HELD`. */
  | 'ON';

/** What a run does with records that are already stored. */
export type IngestMode =
  /** Replaces each day that the source returns: stored records of that source and day that it no longer returns are deleted. Readers see either the old day or the new one, never a mixture. Default for ads sources. */
  | 'REPLACE'
  /** Adds new records and updates records with the same key. Deletes nothing. Default for CRM sources. */
  | 'UPSERT';

/** The status of a run. */
export type IngestRunStatus =
  /** A caller or a shutdown ended the run. */
  | 'CANCELLED'
  /** Nothing was stored. */
  | 'FAILED'
  /** Nothing was stored. The run would remove more than half of what is stored, and waits for `approveRun` or `cancelIngest`. `changes` shows what it would do. */
  | 'HELD'
  /** Only part of the data is stored. Either the source broke off (see `error`): the records before that are stored, and the same call again completes the run. Or a `REPLACE` run rejected records (see `rejectedByReason`): their stored versions stay. */
  | 'PARTIAL'
  /** Waiting to start. */
  | 'QUEUED'
  /** Reading and storing records. */
  | 'RUNNING'
  /** All records that the source sent are stored, except rejected records and duplicates. */
  | 'SUCCEEDED';

/** The last complete days, weeks, months, quarters or years before the current one. */
export type LastUnitsInput = {
  /** How many units, 1 to 10000. */
  count: number;
  /** True counts the current, unfinished unit as the last one. The range then ends today. */
  includeToday?: boolean | null | undefined;
  /** The unit. */
  unit: Granularity;
};

/** Keeps only the top values of one dimension or breakdown. */
export type LimitByInput = {
  /** The breakdown, instead of `dimension`: one of `breakdowns`. */
  breakdown?: string | null | undefined;
  /** The dimension: one of `groupBy`, except DATE. */
  dimension?: Dimension | null | undefined;
  /** True keeps the rows without a value (unattributed), too, whatever their rank: `n` counts the others. */
  keepNull?: boolean | null | undefined;
  /** The measure, over the whole range, that ranks the values. Default: the first measure in `orderBy`, else COST. */
  measure?: Measure | null | undefined;
  /** How many values to keep, 1 to 1000. */
  n: number;
  /** True sums up the other values in rows named `(other)`, which have `isOther: true`. False leaves them out. */
  others?: boolean | null | undefined;
};

/** All measures. `metricCatalog` lists them with unit and formula. */
export type Measure =
  /** Average amount of a won CRM record. Formula: revenue / closedWon. Unit: money. Null if the denominator is zero. Null if it is of several currencies and there are no exchange rates, or a rate is missing. */
  | 'AVERAGE_DEAL_SIZE'
  /** Customer acquisition cost. Formula: cost / closedWon. Unit: money. Null if the denominator is zero. Null if it is of several currencies and there are no exchange rates, or a rate is missing. */
  | 'CAC'
  /** Clicks on ads. Formula: sum of clicks. Unit: count. */
  | 'CLICKS'
  /** Won CRM records. Formula: CRM records at `closed_won`. Unit: count. */
  | 'CLOSED_WON'
  /** Conversions as the ad platforms report them. Formula: sum of conversions. Unit: quantity. */
  | 'CONVERSIONS'
  /** Value of conversions as the ad platforms report it, summed exactly. Formula: sum of conversion_value. Unit: money. Null if it is of several currencies and there are no exchange rates, or a rate is missing. */
  | 'CONVERSION_VALUE'
  /** Ad spend, summed exactly. Formula: sum of cost. Unit: money. Null if it is of several currencies and there are no exchange rates, or a rate is missing. */
  | 'COST'
  /** Cost per conversion as the ad platforms report them. Formula: cost / conversions. Unit: money. Null if the denominator is zero. Null if it is of several currencies and there are no exchange rates, or a rate is missing. */
  | 'COST_PER_CONVERSION'
  /** Cost per opportunity. Formula: cost / opportunities. Unit: money. Null if the denominator is zero. Null if it is of several currencies and there are no exchange rates, or a rate is missing. */
  | 'COST_PER_OPPORTUNITY'
  /** Cost per lead (acquisition). Formula: cost / leads. Unit: money. Null if the denominator is zero. Null if it is of several currencies and there are no exchange rates, or a rate is missing. */
  | 'CPA'
  /** Cost per click. Formula: cost / clicks. Unit: money. Null if the denominator is zero. Null if it is of several currencies and there are no exchange rates, or a rate is missing. */
  | 'CPC'
  /** Cost per thousand impressions. Formula: 1000 * cost / impressions. Unit: money. Null if the denominator is zero. Null if it is of several currencies and there are no exchange rates, or a rate is missing. */
  | 'CPM'
  /** Click-through rate. Formula: clicks / impressions. Unit: ratio. Null if the denominator is zero. */
  | 'CTR'
  /** Conversion rate from click to lead. Formula: leads / clicks. Unit: ratio. Null if the denominator is zero. */
  | 'CVR_CLICK_TO_LEAD'
  /** Conversion rate from lead to opportunity. Formula: opportunities / leads. Unit: ratio. Null if the denominator is zero. */
  | 'CVR_LEAD_TO_OPP'
  /** Conversion rate from opportunity to won. Formula: closedWon / opportunities. Unit: ratio. Null if the denominator is zero. */
  | 'CVR_OPP_TO_WON'
  /** Times that ads were shown. Formula: sum of impressions. Unit: count. */
  | 'IMPRESSIONS'
  /** CRM records at any stage. Formula: CRM records of every stage. Unit: count. */
  | 'LEADS'
  /** CRM records that reached the stage `opportunity` or a later one, won or lost. Formula: CRM records that reached `opportunity` or beyond. Unit: count. */
  | 'OPPORTUNITIES'
  /** Return on ad spend as the ad platforms report it. Formula: conversionValue / cost. Unit: ratio. Null if the denominator is zero. Null if it is of several currencies and there are no exchange rates, or a rate is missing. */
  | 'REPORTED_ROAS'
  /** Amount of won CRM records, summed exactly. Formula: sum of amount at `closed_won`. Unit: money. Null if it is of several currencies and there are no exchange rates, or a rate is missing. */
  | 'REVENUE'
  /** Return on ad spend. Formula: revenue / cost. Unit: ratio. Null if the denominator is zero. Null if it is of several currencies and there are no exchange rates, or a rate is missing. */
  | 'ROAS';

/** Filter on records. All given conditions must hold. */
export type MetricsWhere = {
  /** Ad group id of the ad platform. Null if the feed has no ad groups, and for CRM records. */
  adGroupId?: TextFilter | null | undefined;
  /** Ad id of the ad platform. Null if the feed has no ads, and for CRM records. */
  adId?: TextFilter | null | undefined;
  /** All of these filters must hold. */
  and?: Array<MetricsWhere> | null | undefined;
  /** Conditions on breakdowns. All must hold. */
  breakdowns?: Array<BreakdownFilter> | null | undefined;
  /** Campaign id of the ad platform. A CRM record has the campaign that it is attributed to, or null. */
  campaignId?: TextFilter | null | undefined;
  /** Ad platform or channel. A CRM record has the channel that it is attributed to, or null. */
  channel?: TextFilter | null | undefined;
  /** ISO 4217 currency code of the amounts. */
  currency?: TextFilter | null | undefined;
  /** How CRM records were attributed: EXACT, WINDOW, CAMPAIGN or UNATTRIBUTED. Null for ads rows. */
  match?: TextFilter | null | undefined;
  /** This filter must not hold. */
  not?: MetricsWhere | null | undefined;
  /** At least one of these filters must hold. */
  or?: Array<MetricsWhere> | null | undefined;
  /** utm_campaign in lower case; `unknown` if missing. */
  utmCampaign?: TextFilter | null | undefined;
  /** utm_content in lower case; `unknown` if missing. */
  utmContent?: TextFilter | null | undefined;
  /** utm_medium in lower case; `unknown` if missing. */
  utmMedium?: TextFilter | null | undefined;
  /** utm_source in lower case; `unknown` if missing. */
  utmSource?: TextFilter | null | undefined;
  /** utm_term in lower case; `unknown` if missing. */
  utmTerm?: TextFilter | null | undefined;
};

/** The stage of a CRM record. */
export type OpportunityStage =
  /** Lost. */
  | 'CLOSED_LOST'
  /** Won. */
  | 'CLOSED_WON'
  /** Not qualified yet, or at a stage that STAGE_MAP and the built-in stages do not know. */
  | 'LEAD'
  /** Qualified and open. */
  | 'OPPORTUNITY';

/** What to order by. Give exactly one of: a measure, a dimension of `groupBy`, a breakdown of `breakdowns`. */
export type OrderByInput = {
  /** Order by this breakdown. A custom dimension of ads rows, such as `country` or `device`. Case-sensitive. See `breakdowns` in docs/sources.md. */
  breakdown?: string | null | undefined;
  /** Order by this dimension. */
  dimension?: Dimension | null | undefined;
  /** Smallest or largest first. */
  direction?: SortDirection | null | undefined;
  /** Order by this measure. */
  measure?: Measure | null | undefined;
  /** Which value of the measure to use. */
  of?: Figure | null | undefined;
};

/** The kinds of records. */
export type RecordKind =
  /** Ad performance: one row for each day, channel, campaign and UTM set. */
  | 'AD_PERFORMANCE'
  /** An event. */
  | 'EVENT'
  /** Exchange rate: what one unit of a currency was worth in another on a day. */
  | 'EXCHANGE_RATE'
  /** A CRM opportunity in its current state. */
  | 'OPPORTUNITY';

/** Whether a rejected record still matters. */
export type RejectedRecordState =
  /** `dismissRejectedRecords` ended it. */
  | 'DISMISSED'
  /** Neither accepted since nor dismissed. */
  | 'OPEN'
  /** A record with its key was stored later: by a run of its source, by a push, or by `retryRejectedRecords`. */
  | 'RESOLVED';

/** Filter on rejected records. All given conditions must hold. */
export type RejectedRecordsWhere = {
  /** Only records with this invalid field. */
  field?: string | null | undefined;
  /** Only records rejected at or after this instant. */
  from?: string | null | undefined;
  /** Only records of this kind. */
  kind?: RecordKind | null | undefined;
  /** Only records with this reason. */
  reason?: string | null | undefined;
  /** Only records of this run. */
  runId?: string | number | null | undefined;
  /** Only records of this source; `push` for pushed records. */
  source?: string | null | undefined;
  /** Only records in this state, or in one of these. Default: OPEN. */
  state?: Array<RejectedRecordState> | null | undefined;
  /** Only records rejected before this instant. */
  to?: string | null | undefined;
};

/** The rejected records to try again, and changes to make in them. Give `ids` or `where`. */
export type RetryRejectedRecordsInput = {
  /** Ids of the records, at most 1000. */
  ids?: Array<string | number> | null | undefined;
  /** With `where`: maximum number of records, up to 1000. */
  limit?: number | null | undefined;
  /** Fields to change in every record, as an object with the field names of the records. Null removes a field. */
  patch?: unknown;
  /** With a single id: a complete replacement for the record, for example if the original is not valid JSON. */
  record?: unknown;
  /** Filter that selects the records, latest first. */
  where?: RejectedRecordsWhere | null | undefined;
};

/** A view to save. */
export type SaveViewInput = {
  /** Path and query of a page of the dashboard, at most 8,000 characters, percent-encoded: `/explore?range=last_7_days`. */
  address: string;
  /** The view to change. Without it, a new one is saved. */
  id?: string | number | null | undefined;
  /** 1 to 100 characters, without spaces around them. No other view may have it, whatever the case. */
  name: string;
};

/** A view to share. */
export type ShareViewInput = {
  /** After so many days the link ends by itself, 1 to 365. */
  expiresInDays?: number | null | undefined;
  /** What the page asks for the address of the view, 1 to 4 queries, at most 64,000 bytes as JSON. The link answers these and nothing else. */
  questions: Array<SharedQuestionInput>;
  /** Id of a view of `/` or `/explore`. */
  viewId: string | number;
};

/** What a link is to answer: a persisted query and the values to ask it with. */
export type SharedQuestionInput = {
  /** Id or name of a query in a manifest of the server, whose root fields are all figures: `metrics`, `funnel`, `campaigns` or `channels`. */
  documentId: string | number;
  /** Its variables, an object. Relative ranges, such as LAST_30_DAYS, move with the days. */
  variables?: unknown;
};

/** Sort direction. Rows without a value always come last. */
export type SortDirection =
  /** Smallest first. */
  | 'ASC'
  /** Largest first. */
  | 'DESC';

/** Conditions on one dimension. All given conditions must hold. A condition that is null counts as not given, except `eq: null` or `ne: null` alone. A record without a value equals no text, so `ne` and `notIn` select it, unless they name null. A blank text equals nothing, not even null. */
export type TextFilter = {
  /** Contains this text. */
  contains?: string | null | undefined;
  /** Ends with this text. */
  endsWith?: string | null | undefined;
  /** Equal to this text. `eq: null`, as the only condition, selects records without a value. */
  eq?: string | null | undefined;
  /** One of these texts. Null in the list stands for records without a value. */
  in?: Array<string | null | undefined> | null | undefined;
  /** True selects records whose value is `unknown` or null, false all others. */
  isUnknown?: boolean | null | undefined;
  /** Not equal to this text. `ne: null`, as the only condition, selects records with a value. */
  ne?: string | null | undefined;
  /** None of these texts. Null in the list stands for records without a value. */
  notIn?: Array<string | null | undefined> | null | undefined;
  /** Starts with this text. */
  startsWith?: string | null | undefined;
};

/** What to pull. */
export type TriggerIngestInput = {
  /** True only reports what would change, by day, in `changes`. Use it with `wait: true`. */
  dryRun?: boolean | null | undefined;
  /** ON holds a run (status `HELD`) that would remove more than half of what is stored. With `REPLACE`: more than half of the cost or rows that the source has stored on the days of the run. With `UPSERT`: more than half of the records of the source, if the feed marks more than 20 records as deleted. `guard: off` in the sources file also turns this off. */
  guard?: IngestGuard | null | undefined;
  /** Repeated calls with the same key return the same runs; those that are `FAILED`, `CANCELLED` or `PARTIAL` start again, as new runs. Without a key, a call returns the run that is already working on the same request. */
  idempotencyKey?: string | null | undefined;
  /** The last days before today, in REPORTING_TIMEZONE, 1 to 3650, instead of `since` and `until`. A repeated call with the same `idempotencyKey` means the days of the first, also on a later day. */
  lastDays?: number | null | undefined;
  /** What to do with records that are already stored. Default: the mode of each source. */
  mode?: IngestMode | null | undefined;
  /** First day. utmql sends it to the source and also filters the response by it. Default for ads sources: the watermark of the last good run minus the days that the platform restates (WATERMARK_OVERLAP_DAYS), which is only sent to the source; everything if there was no good run. */
  since?: string | null | undefined;
  /** Names of sources, such as `ads` and `crm`. Default: all. */
  sources?: Array<string> | null | undefined;
  /** Last day. utmql sends it to the source and also filters the response by it. */
  until?: string | null | undefined;
  /** True returns only after all runs have ended. */
  wait?: boolean | null | undefined;
};

/** A day of the week. */
export type Weekday =
  /** Weeks start on Friday. */
  | 'FRIDAY'
  /** Weeks start on Monday. */
  | 'MONDAY'
  /** Weeks start on Saturday. */
  | 'SATURDAY'
  /** Weeks start on Sunday. */
  | 'SUNDAY'
  /** Weeks start on Thursday. */
  | 'THURSDAY'
  /** Weeks start on Tuesday. */
  | 'TUESDAY'
  /** Weeks start on Wednesday. */
  | 'WEDNESDAY';

export type DashboardAdsRecordsQueryVariables = Exact<{
  range: DateRangeInput;
  where?: MetricsWhere | null | undefined;
  currency?: string | null | undefined;
  first: number;
  after?: string | null | undefined;
}>;


export type DashboardAdsRecordsQuery = { adPerformance: { totalCount: number, nodes: Array<{ date: string, channel: string, campaignId: string, utmCampaign: string, utmSource: string, utmMedium: string, impressions: number, clicks: number, cost: number | null, storedCost: number, storedCurrency: string, currency: string, source: string }>, pageInfo: { endCursor: string | null, hasNextPage: boolean } } };

export type DashboardCampaignNamesQueryVariables = Exact<{
  range: DateRangeInput;
  where?: MetricsWhere | null | undefined;
  search?: string | null | undefined;
  first?: number | null | undefined;
}>;


export type DashboardCampaignNamesQuery = { campaigns: { nodes: Array<{ id: string, name: string | null }> } };

export type DashboardChoicesQueryVariables = Exact<{
  range: DateRangeInput;
}>;


export type DashboardChoicesQuery = { breakdowns: { nodes: Array<{ value: string | null }> }, dimensionValues: { nodes: Array<{ value: string | null }> } };

export type DashboardCrmRecordsQueryVariables = Exact<{
  range: DateRangeInput;
  where?: MetricsWhere | null | undefined;
  currency?: string | null | undefined;
  stage?: Array<OpportunityStage> | OpportunityStage | null | undefined;
  first: number;
  after?: string | null | undefined;
}>;


export type DashboardCrmRecordsQuery = { opportunities: { totalCount: number, nodes: Array<{ id: string, namespace: string, day: string, stage: OpportunityStage, stageName: string, amount: number | null, currency: string, storedAmount: number, storedCurrency: string, channel: string | null, campaignId: string | null, utmCampaign: string, utmSource: string, utmMedium: string, match: AttributionMatch, source: string }>, pageInfo: { endCursor: string | null, hasNextPage: boolean } } };

export type DashboardExploreQueryVariables = Exact<{
  range: DateRangeInput;
  compareTo?: CompareToInput | null | undefined;
  where?: MetricsWhere | null | undefined;
  currency?: string | null | undefined;
  crmDate: CrmDate;
  granularity: Granularity;
  weekStart: Weekday;
  groupBy: Array<Dimension> | Dimension;
  breakdowns: Array<string> | string;
  limitBy?: LimitByInput | null | undefined;
  orderBy: Array<OrderByInput> | OrderByInput;
  first: number;
  after?: string | null | undefined;
  subtotals: Array<Array<Dimension> | Dimension> | Array<Dimension> | Dimension;
  hasSubtotals: boolean;
  seriesBy: Array<Dimension> | Dimension;
  seriesLimit?: LimitByInput | null | undefined;
  seriesFirst: number;
  breakdown1: string;
  hasBreakdown1: boolean;
  breakdown2: string;
  hasBreakdown2: boolean;
  impressions?: boolean;
  clicks?: boolean;
  cost?: boolean;
  conversions?: boolean;
  conversionValue?: boolean;
  leads?: boolean;
  opportunities?: boolean;
  closedWon?: boolean;
  revenue?: boolean;
  ctr?: boolean;
  cpc?: boolean;
  cpm?: boolean;
  cpa?: boolean;
  costPerOpportunity?: boolean;
  cac?: boolean;
  costPerConversion?: boolean;
  cvrClickToLead?: boolean;
  cvrLeadToOpp?: boolean;
  cvrOppToWon?: boolean;
  roas?: boolean;
  reportedRoas?: boolean;
  averageDealSize?: boolean;
}>;


export type DashboardExploreQuery = { table: { totalCount: number, nodes: Array<{ isOther: boolean, date: string | null, channel: string | null, campaignId: string | null, adGroupId: string | null, adId: string | null, utmSource: string | null, utmMedium: string | null, utmCampaign: string | null, utmContent: string | null, utmTerm: string | null, match: string | null, currency: string | null, impressions?: number | null, clicks?: number | null, cost?: number | null, conversions?: number, conversionValue?: number | null, leads?: number, opportunities?: number, closedWon?: number, revenue?: number | null, ctr?: number | null, cpc?: number | null, cpm?: number | null, cpa?: number | null, costPerOpportunity?: number | null, cac?: number | null, costPerConversion?: number | null, cvrClickToLead?: number | null, cvrLeadToOpp?: number | null, cvrOppToWon?: number | null, roas?: number | null, reportedRoas?: number | null, averageDealSize?: number | null, breakdown1?: string | null, breakdown2?: string | null, relativeChange: { impressions?: number | null, clicks?: number | null, cost?: number | null, conversions?: number | null, conversionValue?: number | null, leads?: number | null, opportunities?: number | null, closedWon?: number | null, revenue?: number | null, ctr?: number | null, cpc?: number | null, cpm?: number | null, cpa?: number | null, costPerOpportunity?: number | null, cac?: number | null, costPerConversion?: number | null, cvrClickToLead?: number | null, cvrLeadToOpp?: number | null, cvrOppToWon?: number | null, roas?: number | null, reportedRoas?: number | null, averageDealSize?: number | null } | null }>, totals: { impressions?: number | null, clicks?: number | null, cost?: number | null, conversions?: number, conversionValue?: number | null, leads?: number, opportunities?: number, closedWon?: number, revenue?: number | null, ctr?: number | null, cpc?: number | null, cpm?: number | null, cpa?: number | null, costPerOpportunity?: number | null, cac?: number | null, costPerConversion?: number | null, cvrClickToLead?: number | null, cvrLeadToOpp?: number | null, cvrOppToWon?: number | null, roas?: number | null, reportedRoas?: number | null, averageDealSize?: number | null, relativeChange: { impressions?: number | null, clicks?: number | null, cost?: number | null, conversions?: number | null, conversionValue?: number | null, leads?: number | null, opportunities?: number | null, closedWon?: number | null, revenue?: number | null, ctr?: number | null, cpc?: number | null, cpm?: number | null, cpa?: number | null, costPerOpportunity?: number | null, cac?: number | null, costPerConversion?: number | null, cvrClickToLead?: number | null, cvrLeadToOpp?: number | null, cvrOppToWon?: number | null, roas?: number | null, reportedRoas?: number | null, averageDealSize?: number | null } | null }, subtotals?: Array<{ nodes: Array<{ date: string | null, channel: string | null, campaignId: string | null, adGroupId: string | null, adId: string | null, utmSource: string | null, utmMedium: string | null, utmCampaign: string | null, utmContent: string | null, utmTerm: string | null, match: string | null, currency: string | null, impressions?: number | null, clicks?: number | null, cost?: number | null, conversions?: number, conversionValue?: number | null, leads?: number, opportunities?: number, closedWon?: number, revenue?: number | null, ctr?: number | null, cpc?: number | null, cpm?: number | null, cpa?: number | null, costPerOpportunity?: number | null, cac?: number | null, costPerConversion?: number | null, cvrClickToLead?: number | null, cvrLeadToOpp?: number | null, cvrOppToWon?: number | null, roas?: number | null, reportedRoas?: number | null, averageDealSize?: number | null }> }>, pageInfo: { endCursor: string | null, hasNextPage: boolean }, unattributed: { leads: number, revenue: number | null }, unconverted: Array<{ currency: string, cost: number, conversionValue: number, revenue: number }>, meta: { from: string, to: string, comparedFrom: string | null, comparedTo: string | null, currency: string | null, freshness: string | null, warnings: Array<{ code: string, message: string }> } }, series: { nodes: Array<{ isOther: boolean, date: string | null, channel: string | null, campaignId: string | null, adGroupId: string | null, adId: string | null, utmSource: string | null, utmMedium: string | null, utmCampaign: string | null, utmContent: string | null, utmTerm: string | null, match: string | null, currency: string | null, impressions?: number | null, clicks?: number | null, cost?: number | null, conversions?: number, conversionValue?: number | null, leads?: number, opportunities?: number, closedWon?: number, revenue?: number | null, ctr?: number | null, cpc?: number | null, cpm?: number | null, cpa?: number | null, costPerOpportunity?: number | null, cac?: number | null, costPerConversion?: number | null, cvrClickToLead?: number | null, cvrLeadToOpp?: number | null, cvrOppToWon?: number | null, roas?: number | null, reportedRoas?: number | null, averageDealSize?: number | null }> } };

export type DashboardLabelsFragment = { date: string | null, channel: string | null, campaignId: string | null, adGroupId: string | null, adId: string | null, utmSource: string | null, utmMedium: string | null, utmCampaign: string | null, utmContent: string | null, utmTerm: string | null, match: string | null, currency: string | null };

export type DashboardExportQueryVariables = Exact<{
  range: DateRangeInput;
  where?: MetricsWhere | null | undefined;
  currency?: string | null | undefined;
  crmDate: CrmDate;
  granularity: Granularity;
  weekStart: Weekday;
  groupBy: Array<Dimension> | Dimension;
  breakdowns: Array<string> | string;
  limitBy?: LimitByInput | null | undefined;
  orderBy: Array<OrderByInput> | OrderByInput;
  breakdown1: string;
  hasBreakdown1: boolean;
  breakdown2: string;
  hasBreakdown2: boolean;
  impressions?: boolean;
  clicks?: boolean;
  cost?: boolean;
  conversions?: boolean;
  conversionValue?: boolean;
  leads?: boolean;
  opportunities?: boolean;
  closedWon?: boolean;
  revenue?: boolean;
  ctr?: boolean;
  cpc?: boolean;
  cpm?: boolean;
  cpa?: boolean;
  costPerOpportunity?: boolean;
  cac?: boolean;
  costPerConversion?: boolean;
  cvrClickToLead?: boolean;
  cvrLeadToOpp?: boolean;
  cvrOppToWon?: boolean;
  roas?: boolean;
  reportedRoas?: boolean;
  averageDealSize?: boolean;
}>;


export type DashboardExportQuery = { metrics: { nodes: Array<{ date: string | null, channel: string | null, campaignId: string | null, adGroupId: string | null, adId: string | null, utmSource: string | null, utmMedium: string | null, utmCampaign: string | null, utmContent: string | null, utmTerm: string | null, match: string | null, currency: string | null, impressions?: number | null, clicks?: number | null, cost?: number | null, conversions?: number, conversionValue?: number | null, leads?: number, opportunities?: number, closedWon?: number, revenue?: number | null, ctr?: number | null, cpc?: number | null, cpm?: number | null, cpa?: number | null, costPerOpportunity?: number | null, cac?: number | null, costPerConversion?: number | null, cvrClickToLead?: number | null, cvrLeadToOpp?: number | null, cvrOppToWon?: number | null, roas?: number | null, reportedRoas?: number | null, averageDealSize?: number | null, breakdown1?: string | null, breakdown2?: string | null }> } };

export type DashboardFeedQualityQueryVariables = Exact<{
  range: DateRangeInput;
}>;


export type DashboardFeedQualityQuery = { dataQuality: { repairs: Array<{ name: string, count: number }>, skips: Array<{ name: string, count: number }>, rejectedRecords: Array<{ source: string, kind: RecordKind, reason: string, count: number }>, overlappingSources: Array<{ source: string, others: Array<string>, records: number, days: number }>, orphanedSources: Array<{ source: string, records: number, cost: number, revenue: number, from: string, to: string }>, sharedIds: Array<{ namespaces: Array<string>, ids: number, revenue: number }> } };

export type DashboardFiguresFragment = { impressions?: number | null, clicks?: number | null, cost?: number | null, conversions?: number, conversionValue?: number | null, leads?: number, opportunities?: number, closedWon?: number, revenue?: number | null, ctr?: number | null, cpc?: number | null, cpm?: number | null, cpa?: number | null, costPerOpportunity?: number | null, cac?: number | null, costPerConversion?: number | null, cvrClickToLead?: number | null, cvrLeadToOpp?: number | null, cvrOppToWon?: number | null, roas?: number | null, reportedRoas?: number | null, averageDealSize?: number | null };

export type DashboardTotalsFragment = { impressions?: number | null, clicks?: number | null, cost?: number | null, conversions?: number, conversionValue?: number | null, leads?: number, opportunities?: number, closedWon?: number, revenue?: number | null, ctr?: number | null, cpc?: number | null, cpm?: number | null, cpa?: number | null, costPerOpportunity?: number | null, cac?: number | null, costPerConversion?: number | null, cvrClickToLead?: number | null, cvrLeadToOpp?: number | null, cvrOppToWon?: number | null, roas?: number | null, reportedRoas?: number | null, averageDealSize?: number | null };

export type DashboardPreviousFragment = { impressions?: number | null, clicks?: number | null, cost?: number | null, conversions?: number, conversionValue?: number | null, leads?: number, opportunities?: number, closedWon?: number, revenue?: number | null, ctr?: number | null, cpc?: number | null, cpm?: number | null, cpa?: number | null, costPerOpportunity?: number | null, cac?: number | null, costPerConversion?: number | null, cvrClickToLead?: number | null, cvrLeadToOpp?: number | null, cvrOppToWon?: number | null, roas?: number | null, reportedRoas?: number | null, averageDealSize?: number | null };

export type DashboardRelativeFragment = { impressions?: number | null, clicks?: number | null, cost?: number | null, conversions?: number | null, conversionValue?: number | null, leads?: number | null, opportunities?: number | null, closedWon?: number | null, revenue?: number | null, ctr?: number | null, cpc?: number | null, cpm?: number | null, cpa?: number | null, costPerOpportunity?: number | null, cac?: number | null, costPerConversion?: number | null, cvrClickToLead?: number | null, cvrLeadToOpp?: number | null, cvrOppToWon?: number | null, roas?: number | null, reportedRoas?: number | null, averageDealSize?: number | null };

export type DashboardIngestionQueryVariables = Exact<{
  source?: string | null | undefined;
  before?: string | number | null | undefined;
}>;


export type DashboardIngestionQuery = { ingestSources: Array<{ name: string, kind: RecordKind, adapter: string, mode: IngestMode, circuit: string, watermark: string | null, schedule: string | null, scheduleActive: boolean, scheduleInactiveReason: string | null, nextRunAt: string | null }>, ingestRuns: Array<{ id: string, source: string, status: IngestRunStatus, mode: IngestMode, dryRun: boolean, since: string | null, until: string | null, createdAt: string, finishedAt: string | null, durationMs: number | null, recordsRead: number, recordsWritten: number, recordsRejected: number, recordsRejectedOpen: number, error: { code: string, message: string } | null }> };

export type DashboardRunDetailsQueryVariables = Exact<{
  id: string | number;
}>;


export type DashboardRunDetailsQuery = { ingestRun: { requestedBy: string, attempt: number, warnings: Array<string>, replayOf: string | null, bytesRead: number, id: string, source: string, status: IngestRunStatus, mode: IngestMode, dryRun: boolean, since: string | null, until: string | null, createdAt: string, finishedAt: string | null, durationMs: number | null, recordsRead: number, recordsWritten: number, recordsRejected: number, recordsRejectedOpen: number, repairsByKind: Array<{ name: string, count: number }>, rejectedByReason: Array<{ name: string, count: number }>, skippedByReason: Array<{ name: string, count: number }>, changes: Array<{ date: string, added: number, changed: number, removed: number, costBefore: number, costAfter: number }>, error: { code: string, message: string } | null } | null };

export type DashboardRunProgressSubscriptionVariables = Exact<{
  id: string | number;
}>;


export type DashboardRunProgressSubscription = { ingestRun: { id: string, source: string, status: IngestRunStatus, mode: IngestMode, dryRun: boolean, since: string | null, until: string | null, createdAt: string, finishedAt: string | null, durationMs: number | null, recordsRead: number, recordsWritten: number, recordsRejected: number, recordsRejectedOpen: number, error: { code: string, message: string } | null } };

export type DashboardTriggerMutationVariables = Exact<{
  input: TriggerIngestInput;
}>;


export type DashboardTriggerMutation = { triggerIngest: { runs: Array<{ id: string }> } };

export type DashboardCancelMutationVariables = Exact<{
  id: string | number;
}>;


export type DashboardCancelMutation = { cancelIngest: { id: string } };

export type DashboardReplayMutationVariables = Exact<{
  id: string | number;
}>;


export type DashboardReplayMutation = { replayRun: { id: string } };

export type DashboardApproveMutationVariables = Exact<{
  id: string | number;
}>;


export type DashboardApproveMutation = { approveRun: { id: string } };

export type DashboardRunFragment = { id: string, source: string, status: IngestRunStatus, mode: IngestMode, dryRun: boolean, since: string | null, until: string | null, createdAt: string, finishedAt: string | null, durationMs: number | null, recordsRead: number, recordsWritten: number, recordsRejected: number, recordsRejectedOpen: number, error: { code: string, message: string } | null };

export type DashboardOverviewQueryVariables = Exact<{
  range: DateRangeInput;
  compareTo?: CompareToInput | null | undefined;
  where?: MetricsWhere | null | undefined;
  currency?: string | null | undefined;
  granularity: Granularity;
  weekStart: Weekday;
  rank: Array<OrderByInput> | OrderByInput;
  utm: Array<Dimension> | Dimension;
  impressions?: boolean;
  clicks?: boolean;
  cost?: boolean;
  conversions?: boolean;
  conversionValue?: boolean;
  leads?: boolean;
  opportunities?: boolean;
  closedWon?: boolean;
  revenue?: boolean;
  ctr?: boolean;
  cpc?: boolean;
  cpm?: boolean;
  cpa?: boolean;
  costPerOpportunity?: boolean;
  cac?: boolean;
  costPerConversion?: boolean;
  cvrClickToLead?: boolean;
  cvrLeadToOpp?: boolean;
  cvrOppToWon?: boolean;
  roas?: boolean;
  reportedRoas?: boolean;
  averageDealSize?: boolean;
}>;


export type DashboardOverviewQuery = { summary: { totals: { impressions?: number | null, clicks?: number | null, cost?: number | null, conversions?: number, conversionValue?: number | null, leads?: number, opportunities?: number, closedWon?: number, revenue?: number | null, ctr?: number | null, cpc?: number | null, cpm?: number | null, cpa?: number | null, costPerOpportunity?: number | null, cac?: number | null, costPerConversion?: number | null, cvrClickToLead?: number | null, cvrLeadToOpp?: number | null, cvrOppToWon?: number | null, roas?: number | null, reportedRoas?: number | null, averageDealSize?: number | null, previous: { impressions?: number | null, clicks?: number | null, cost?: number | null, conversions?: number, conversionValue?: number | null, leads?: number, opportunities?: number, closedWon?: number, revenue?: number | null, ctr?: number | null, cpc?: number | null, cpm?: number | null, cpa?: number | null, costPerOpportunity?: number | null, cac?: number | null, costPerConversion?: number | null, cvrClickToLead?: number | null, cvrLeadToOpp?: number | null, cvrOppToWon?: number | null, roas?: number | null, reportedRoas?: number | null, averageDealSize?: number | null } | null, relativeChange: { impressions?: number | null, clicks?: number | null, cost?: number | null, conversions?: number | null, conversionValue?: number | null, leads?: number | null, opportunities?: number | null, closedWon?: number | null, revenue?: number | null, ctr?: number | null, cpc?: number | null, cpm?: number | null, cpa?: number | null, costPerOpportunity?: number | null, cac?: number | null, costPerConversion?: number | null, cvrClickToLead?: number | null, cvrLeadToOpp?: number | null, cvrOppToWon?: number | null, roas?: number | null, reportedRoas?: number | null, averageDealSize?: number | null } | null }, unattributed: { leads: number, revenue: number | null }, unconverted: Array<{ currency: string, cost: number, conversionValue: number, revenue: number }>, meta: { from: string, to: string, comparedFrom: string | null, comparedTo: string | null, currency: string | null, freshness: string | null, warnings: Array<{ code: string, message: string }> } }, series: { nodes: Array<{ date: string | null, impressions?: number | null, clicks?: number | null, cost?: number | null, conversions?: number, conversionValue?: number | null, leads?: number, opportunities?: number, closedWon?: number, revenue?: number | null, ctr?: number | null, cpc?: number | null, cpm?: number | null, cpa?: number | null, costPerOpportunity?: number | null, cac?: number | null, costPerConversion?: number | null, cvrClickToLead?: number | null, cvrLeadToOpp?: number | null, cvrOppToWon?: number | null, roas?: number | null, reportedRoas?: number | null, averageDealSize?: number | null, previous: { impressions?: number | null, clicks?: number | null, cost?: number | null, conversions?: number, conversionValue?: number | null, leads?: number, opportunities?: number, closedWon?: number, revenue?: number | null, ctr?: number | null, cpc?: number | null, cpm?: number | null, cpa?: number | null, costPerOpportunity?: number | null, cac?: number | null, costPerConversion?: number | null, cvrClickToLead?: number | null, cvrLeadToOpp?: number | null, cvrOppToWon?: number | null, roas?: number | null, reportedRoas?: number | null, averageDealSize?: number | null } | null }> }, channels: { totalCount: number, nodes: Array<{ channel: string | null, impressions?: number | null, clicks?: number | null, cost?: number | null, conversions?: number, conversionValue?: number | null, leads?: number, opportunities?: number, closedWon?: number, revenue?: number | null, ctr?: number | null, cpc?: number | null, cpm?: number | null, cpa?: number | null, costPerOpportunity?: number | null, cac?: number | null, costPerConversion?: number | null, cvrClickToLead?: number | null, cvrLeadToOpp?: number | null, cvrOppToWon?: number | null, roas?: number | null, reportedRoas?: number | null, averageDealSize?: number | null }> }, campaigns: { totalCount: number, nodes: Array<{ campaignId: string | null, impressions?: number | null, clicks?: number | null, cost?: number | null, conversions?: number, conversionValue?: number | null, leads?: number, opportunities?: number, closedWon?: number, revenue?: number | null, ctr?: number | null, cpc?: number | null, cpm?: number | null, cpa?: number | null, costPerOpportunity?: number | null, cac?: number | null, costPerConversion?: number | null, cvrClickToLead?: number | null, cvrLeadToOpp?: number | null, cvrOppToWon?: number | null, roas?: number | null, reportedRoas?: number | null, averageDealSize?: number | null }> }, utm: { totalCount: number, nodes: Array<{ utmSource: string | null, utmMedium: string | null, utmCampaign: string | null, utmContent: string | null, utmTerm: string | null, impressions?: number | null, clicks?: number | null, cost?: number | null, conversions?: number, conversionValue?: number | null, leads?: number, opportunities?: number, closedWon?: number, revenue?: number | null, ctr?: number | null, cpc?: number | null, cpm?: number | null, cpa?: number | null, costPerOpportunity?: number | null, cac?: number | null, costPerConversion?: number | null, cvrClickToLead?: number | null, cvrLeadToOpp?: number | null, cvrOppToWon?: number | null, roas?: number | null, reportedRoas?: number | null, averageDealSize?: number | null }> }, funnel: Array<{ steps: Array<{ step: FunnelStepName, count: number, stepConversion: number | null, overallConversion: number | null, costPer: number | null }> }> };

export type DashboardQualityQueryVariables = Exact<{
  range: DateRangeInput;
  currency?: string | null | undefined;
}>;


export type DashboardQualityQuery = { dataQuality: { daysWithoutData: Array<string>, matches: Array<{ match: AttributionMatch, records: number, recordShare: number | null, revenue: number | null }>, nearDuplicateUtms: { totalCount: number, nodes: Array<{ dimension: Dimension, cost: number | null, spellings: Array<{ value: string, rows: number, cost: number | null }> }> }, spendWithoutUtm: { cost: number | null, utmSource: { cost: number | null, rows: number, share: number | null }, utmMedium: { cost: number | null, rows: number, share: number | null }, utmCampaign: { cost: number | null, rows: number, share: number | null } }, revenueWithoutSpend: { campaigns: { totalCount: number, nodes: Array<{ value: string, closedWon: number, revenue: number | null }> } } }, summary: { totals: { cost: number | null, revenue: number | null }, meta: { from: string, to: string, currency: string | null } }, withoutCampaign: { totals: { leads: number, revenue: number | null } }, withoutAds: { totalCount: number, nodes: Array<{ utmCampaign: string | null, leads: number, revenue: number | null }>, totals: { leads: number, revenue: number | null } } };

export type DashboardRejectsQueryVariables = Exact<{
  where?: RejectedRecordsWhere | null | undefined;
  after?: string | null | undefined;
}>;


export type DashboardRejectsQuery = { rejectedRecords: { totalCount: number, nodes: Array<{ id: string, source: string, kind: RecordKind, reason: string, field: string, detail: string, record: string, rejectedAt: string }>, pageInfo: { endCursor: string | null, hasNextPage: boolean } } };

export type DashboardRetryMutationVariables = Exact<{
  input: RetryRejectedRecordsInput;
}>;


export type DashboardRetryMutation = { retryRejectedRecords: { accepted: number, rejected: number, records: Array<{ id: string, accepted: boolean, reason: string | null, detail: string | null }> } };

export type DashboardDismissMutationVariables = Exact<{
  input: DismissRejectedRecordsInput;
}>;


export type DashboardDismissMutation = { dismissRejectedRecords: { dismissed: number } };

export type DashboardViewsQueryVariables = Exact<{ [key: string]: never; }>;


export type DashboardViewsQuery = { savedViews: Array<{ id: string, name: string, address: string, owner: string, isOwn: boolean, mayChange: boolean, isHome: boolean }> };

export type DashboardSaveViewMutationVariables = Exact<{
  input: SaveViewInput;
}>;


export type DashboardSaveViewMutation = { saveView: { id: string } };

export type DashboardDeleteViewMutationVariables = Exact<{
  id: string | number;
}>;


export type DashboardDeleteViewMutation = { deleteView: { id: string } };

export type DashboardSetHomeViewMutationVariables = Exact<{
  id?: string | number | null | undefined;
}>;


export type DashboardSetHomeViewMutation = { setHomeView: { id: string } | null };

export type DashboardShareLinksQueryVariables = Exact<{
  viewId: string | number;
}>;


export type DashboardShareLinksQuery = { shareLinks: Array<{ id: string, createdBy: string, createdAt: string, expiresAt: string }> };

export type DashboardShareViewMutationVariables = Exact<{
  input: ShareViewInput;
}>;


export type DashboardShareViewMutation = { shareView: { url: string } };

export type DashboardRevokeShareLinkMutationVariables = Exact<{
  id: string | number;
}>;


export type DashboardRevokeShareLinkMutation = { revokeShareLink: { id: string } };

export type DashboardSourcesQueryVariables = Exact<{
  range: DateRangeInput;
}>;


export type DashboardSourcesQuery = { dataQuality: { sources: Array<{ source: string, lastStatus: IngestRunStatus | null, lastFinishedAt: string | null, lastSucceededAt: string | null }> }, ingestSources: Array<{ name: string, kind: RecordKind, watermark: string | null, circuit: string, nextRunAt: string | null, schedule: string | null, scheduleActive: boolean }> };

export type DashboardSuggestionsQueryVariables = Exact<{
  dimension?: Dimension | null | undefined;
  breakdown?: string | null | undefined;
  range: DateRangeInput;
  search?: string | null | undefined;
  where?: MetricsWhere | null | undefined;
}>;


export type DashboardSuggestionsQuery = { dimensionValues: { totalCount: number, nodes: Array<{ value: string | null }> } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const DashboardLabelsFragmentDoc = new TypedDocumentString(`
    fragment DashboardLabels on MetricsNode {
  date
  channel
  campaignId
  adGroupId
  adId
  utmSource
  utmMedium
  utmCampaign
  utmContent
  utmTerm
  match
  currency
}
    `, {"fragmentName":"DashboardLabels"}) as unknown as TypedDocumentString<DashboardLabelsFragment, unknown>;
export const DashboardFiguresFragmentDoc = new TypedDocumentString(`
    fragment DashboardFigures on MetricsNode {
  impressions @include(if: $impressions)
  clicks @include(if: $clicks)
  cost @include(if: $cost)
  conversions @include(if: $conversions)
  conversionValue @include(if: $conversionValue)
  leads @include(if: $leads)
  opportunities @include(if: $opportunities)
  closedWon @include(if: $closedWon)
  revenue @include(if: $revenue)
  ctr @include(if: $ctr)
  cpc @include(if: $cpc)
  cpm @include(if: $cpm)
  cpa @include(if: $cpa)
  costPerOpportunity @include(if: $costPerOpportunity)
  cac @include(if: $cac)
  costPerConversion @include(if: $costPerConversion)
  cvrClickToLead @include(if: $cvrClickToLead)
  cvrLeadToOpp @include(if: $cvrLeadToOpp)
  cvrOppToWon @include(if: $cvrOppToWon)
  roas @include(if: $roas)
  reportedRoas @include(if: $reportedRoas)
  averageDealSize @include(if: $averageDealSize)
}
    `, {"fragmentName":"DashboardFigures"}) as unknown as TypedDocumentString<DashboardFiguresFragment, unknown>;
export const DashboardTotalsFragmentDoc = new TypedDocumentString(`
    fragment DashboardTotals on MetricsTotals {
  impressions @include(if: $impressions)
  clicks @include(if: $clicks)
  cost @include(if: $cost)
  conversions @include(if: $conversions)
  conversionValue @include(if: $conversionValue)
  leads @include(if: $leads)
  opportunities @include(if: $opportunities)
  closedWon @include(if: $closedWon)
  revenue @include(if: $revenue)
  ctr @include(if: $ctr)
  cpc @include(if: $cpc)
  cpm @include(if: $cpm)
  cpa @include(if: $cpa)
  costPerOpportunity @include(if: $costPerOpportunity)
  cac @include(if: $cac)
  costPerConversion @include(if: $costPerConversion)
  cvrClickToLead @include(if: $cvrClickToLead)
  cvrLeadToOpp @include(if: $cvrLeadToOpp)
  cvrOppToWon @include(if: $cvrOppToWon)
  roas @include(if: $roas)
  reportedRoas @include(if: $reportedRoas)
  averageDealSize @include(if: $averageDealSize)
}
    `, {"fragmentName":"DashboardTotals"}) as unknown as TypedDocumentString<DashboardTotalsFragment, unknown>;
export const DashboardPreviousFragmentDoc = new TypedDocumentString(`
    fragment DashboardPrevious on PreviousMeasures {
  impressions @include(if: $impressions)
  clicks @include(if: $clicks)
  cost @include(if: $cost)
  conversions @include(if: $conversions)
  conversionValue @include(if: $conversionValue)
  leads @include(if: $leads)
  opportunities @include(if: $opportunities)
  closedWon @include(if: $closedWon)
  revenue @include(if: $revenue)
  ctr @include(if: $ctr)
  cpc @include(if: $cpc)
  cpm @include(if: $cpm)
  cpa @include(if: $cpa)
  costPerOpportunity @include(if: $costPerOpportunity)
  cac @include(if: $cac)
  costPerConversion @include(if: $costPerConversion)
  cvrClickToLead @include(if: $cvrClickToLead)
  cvrLeadToOpp @include(if: $cvrLeadToOpp)
  cvrOppToWon @include(if: $cvrOppToWon)
  roas @include(if: $roas)
  reportedRoas @include(if: $reportedRoas)
  averageDealSize @include(if: $averageDealSize)
}
    `, {"fragmentName":"DashboardPrevious"}) as unknown as TypedDocumentString<DashboardPreviousFragment, unknown>;
export const DashboardRelativeFragmentDoc = new TypedDocumentString(`
    fragment DashboardRelative on RelativeMeasureChanges {
  impressions @include(if: $impressions)
  clicks @include(if: $clicks)
  cost @include(if: $cost)
  conversions @include(if: $conversions)
  conversionValue @include(if: $conversionValue)
  leads @include(if: $leads)
  opportunities @include(if: $opportunities)
  closedWon @include(if: $closedWon)
  revenue @include(if: $revenue)
  ctr @include(if: $ctr)
  cpc @include(if: $cpc)
  cpm @include(if: $cpm)
  cpa @include(if: $cpa)
  costPerOpportunity @include(if: $costPerOpportunity)
  cac @include(if: $cac)
  costPerConversion @include(if: $costPerConversion)
  cvrClickToLead @include(if: $cvrClickToLead)
  cvrLeadToOpp @include(if: $cvrLeadToOpp)
  cvrOppToWon @include(if: $cvrOppToWon)
  roas @include(if: $roas)
  reportedRoas @include(if: $reportedRoas)
  averageDealSize @include(if: $averageDealSize)
}
    `, {"fragmentName":"DashboardRelative"}) as unknown as TypedDocumentString<DashboardRelativeFragment, unknown>;
export const DashboardRunFragmentDoc = new TypedDocumentString(`
    fragment DashboardRun on IngestRun {
  id
  source
  status
  mode
  dryRun
  since
  until
  createdAt
  finishedAt
  durationMs
  recordsRead
  recordsWritten
  recordsRejected
  recordsRejectedOpen
  error {
    code
    message
  }
}
    `, {"fragmentName":"DashboardRun"}) as unknown as TypedDocumentString<DashboardRunFragment, unknown>;
export const DashboardAdsRecordsDocument = new TypedDocumentString(`
    query DashboardAdsRecords($range: DateRangeInput!, $where: MetricsWhere, $currency: String, $first: Int!, $after: String) {
  adPerformance(
    dateRange: $range
    where: $where
    currency: $currency
    first: $first
    after: $after
  ) {
    totalCount
    nodes {
      date
      channel
      campaignId
      utmCampaign
      utmSource
      utmMedium
      impressions
      clicks
      cost
      storedCost
      storedCurrency
      currency
      source
    }
    pageInfo {
      endCursor
      hasNextPage
    }
  }
}
    `, {"hash":"2bdffc7608db5e39e6df7c0eb3b6ef6d5888ec46cdd92890d6920812323f67f4"}) as unknown as TypedDocumentString<DashboardAdsRecordsQuery, DashboardAdsRecordsQueryVariables>;
export const DashboardCampaignNamesDocument = new TypedDocumentString(`
    query DashboardCampaignNames($range: DateRangeInput!, $where: MetricsWhere, $search: String, $first: Int = 100) {
  campaigns(dateRange: $range, where: $where, search: $search, first: $first) {
    nodes {
      id
      name
    }
  }
}
    `, {"hash":"c253016d0245d6fc00408b717e55fc54ca8415cec80f466093eaaa551299bf51"}) as unknown as TypedDocumentString<DashboardCampaignNamesQuery, DashboardCampaignNamesQueryVariables>;
export const DashboardChoicesDocument = new TypedDocumentString(`
    query DashboardChoices($range: DateRangeInput!) {
  breakdowns(dateRange: $range, first: 50) {
    nodes {
      value
    }
  }
  dimensionValues(dimension: CURRENCY, dateRange: $range, first: 50) {
    nodes {
      value
    }
  }
}
    `, {"hash":"db7ebfc1ff5efc1bd0f2abd2bb5070d698609aca159b91e8c183b5db5732d4fb"}) as unknown as TypedDocumentString<DashboardChoicesQuery, DashboardChoicesQueryVariables>;
export const DashboardCrmRecordsDocument = new TypedDocumentString(`
    query DashboardCrmRecords($range: DateRangeInput!, $where: MetricsWhere, $currency: String, $stage: [OpportunityStage!], $first: Int!, $after: String) {
  opportunities(
    dateRange: $range
    where: $where
    currency: $currency
    stage: $stage
    first: $first
    after: $after
  ) {
    totalCount
    nodes {
      id
      namespace
      day
      stage
      stageName
      amount
      currency
      storedAmount
      storedCurrency
      channel
      campaignId
      utmCampaign
      utmSource
      utmMedium
      match
      source
    }
    pageInfo {
      endCursor
      hasNextPage
    }
  }
}
    `, {"hash":"a2b170fea643f686421f998234dcb42e3a95ac94ad642e926f5874c930c8e835"}) as unknown as TypedDocumentString<DashboardCrmRecordsQuery, DashboardCrmRecordsQueryVariables>;
export const DashboardExploreDocument = new TypedDocumentString(`
    query DashboardExplore($range: DateRangeInput!, $compareTo: CompareToInput, $where: MetricsWhere, $currency: String, $crmDate: CrmDate!, $granularity: Granularity!, $weekStart: Weekday!, $groupBy: [Dimension!]!, $breakdowns: [String!]!, $limitBy: LimitByInput, $orderBy: [OrderByInput!]!, $first: Int!, $after: String, $subtotals: [[Dimension!]!]!, $hasSubtotals: Boolean!, $seriesBy: [Dimension!]!, $seriesLimit: LimitByInput, $seriesFirst: Int!, $breakdown1: String!, $hasBreakdown1: Boolean!, $breakdown2: String!, $hasBreakdown2: Boolean!, $impressions: Boolean! = false, $clicks: Boolean! = false, $cost: Boolean! = false, $conversions: Boolean! = false, $conversionValue: Boolean! = false, $leads: Boolean! = false, $opportunities: Boolean! = false, $closedWon: Boolean! = false, $revenue: Boolean! = false, $ctr: Boolean! = false, $cpc: Boolean! = false, $cpm: Boolean! = false, $cpa: Boolean! = false, $costPerOpportunity: Boolean! = false, $cac: Boolean! = false, $costPerConversion: Boolean! = false, $cvrClickToLead: Boolean! = false, $cvrLeadToOpp: Boolean! = false, $cvrOppToWon: Boolean! = false, $roas: Boolean! = false, $reportedRoas: Boolean! = false, $averageDealSize: Boolean! = false) {
  table: metrics(
    dateRange: $range
    compareTo: $compareTo
    where: $where
    currency: $currency
    crmDate: $crmDate
    granularity: $granularity
    weekStart: $weekStart
    groupBy: $groupBy
    breakdowns: $breakdowns
    limitBy: $limitBy
    orderBy: $orderBy
    first: $first
    after: $after
  ) {
    nodes {
      ...DashboardLabels
      isOther
      breakdown1: breakdown(name: $breakdown1) @include(if: $hasBreakdown1)
      breakdown2: breakdown(name: $breakdown2) @include(if: $hasBreakdown2)
      ...DashboardFigures
      relativeChange {
        ...DashboardRelative
      }
    }
    totals {
      ...DashboardTotals
      relativeChange {
        ...DashboardRelative
      }
    }
    subtotals(by: $subtotals) @include(if: $hasSubtotals) {
      nodes {
        ...DashboardLabels
        ...DashboardFigures
      }
    }
    totalCount
    pageInfo {
      endCursor
      hasNextPage
    }
    unattributed {
      leads
      revenue
    }
    unconverted {
      currency
      cost
      conversionValue
      revenue
    }
    meta {
      from
      to
      comparedFrom
      comparedTo
      currency
      freshness
      warnings {
        code
        message
      }
    }
  }
  series: metrics(
    dateRange: $range
    where: $where
    currency: $currency
    crmDate: $crmDate
    granularity: $granularity
    weekStart: $weekStart
    groupBy: $seriesBy
    limitBy: $seriesLimit
    orderBy: [{dimension: DATE}]
    fill: true
    first: $seriesFirst
  ) {
    nodes {
      ...DashboardLabels
      isOther
      ...DashboardFigures
    }
  }
}
    fragment DashboardLabels on MetricsNode {
  date
  channel
  campaignId
  adGroupId
  adId
  utmSource
  utmMedium
  utmCampaign
  utmContent
  utmTerm
  match
  currency
}
fragment DashboardFigures on MetricsNode {
  impressions @include(if: $impressions)
  clicks @include(if: $clicks)
  cost @include(if: $cost)
  conversions @include(if: $conversions)
  conversionValue @include(if: $conversionValue)
  leads @include(if: $leads)
  opportunities @include(if: $opportunities)
  closedWon @include(if: $closedWon)
  revenue @include(if: $revenue)
  ctr @include(if: $ctr)
  cpc @include(if: $cpc)
  cpm @include(if: $cpm)
  cpa @include(if: $cpa)
  costPerOpportunity @include(if: $costPerOpportunity)
  cac @include(if: $cac)
  costPerConversion @include(if: $costPerConversion)
  cvrClickToLead @include(if: $cvrClickToLead)
  cvrLeadToOpp @include(if: $cvrLeadToOpp)
  cvrOppToWon @include(if: $cvrOppToWon)
  roas @include(if: $roas)
  reportedRoas @include(if: $reportedRoas)
  averageDealSize @include(if: $averageDealSize)
}
fragment DashboardTotals on MetricsTotals {
  impressions @include(if: $impressions)
  clicks @include(if: $clicks)
  cost @include(if: $cost)
  conversions @include(if: $conversions)
  conversionValue @include(if: $conversionValue)
  leads @include(if: $leads)
  opportunities @include(if: $opportunities)
  closedWon @include(if: $closedWon)
  revenue @include(if: $revenue)
  ctr @include(if: $ctr)
  cpc @include(if: $cpc)
  cpm @include(if: $cpm)
  cpa @include(if: $cpa)
  costPerOpportunity @include(if: $costPerOpportunity)
  cac @include(if: $cac)
  costPerConversion @include(if: $costPerConversion)
  cvrClickToLead @include(if: $cvrClickToLead)
  cvrLeadToOpp @include(if: $cvrLeadToOpp)
  cvrOppToWon @include(if: $cvrOppToWon)
  roas @include(if: $roas)
  reportedRoas @include(if: $reportedRoas)
  averageDealSize @include(if: $averageDealSize)
}
fragment DashboardRelative on RelativeMeasureChanges {
  impressions @include(if: $impressions)
  clicks @include(if: $clicks)
  cost @include(if: $cost)
  conversions @include(if: $conversions)
  conversionValue @include(if: $conversionValue)
  leads @include(if: $leads)
  opportunities @include(if: $opportunities)
  closedWon @include(if: $closedWon)
  revenue @include(if: $revenue)
  ctr @include(if: $ctr)
  cpc @include(if: $cpc)
  cpm @include(if: $cpm)
  cpa @include(if: $cpa)
  costPerOpportunity @include(if: $costPerOpportunity)
  cac @include(if: $cac)
  costPerConversion @include(if: $costPerConversion)
  cvrClickToLead @include(if: $cvrClickToLead)
  cvrLeadToOpp @include(if: $cvrLeadToOpp)
  cvrOppToWon @include(if: $cvrOppToWon)
  roas @include(if: $roas)
  reportedRoas @include(if: $reportedRoas)
  averageDealSize @include(if: $averageDealSize)
}`, {"hash":"6805f95e4fbd9ab213ae0ede8fefc0d9c3ce60a7ed455115ac1f3039533f0542"}) as unknown as TypedDocumentString<DashboardExploreQuery, DashboardExploreQueryVariables>;
export const DashboardExportDocument = new TypedDocumentString(`
    query DashboardExport($range: DateRangeInput!, $where: MetricsWhere, $currency: String, $crmDate: CrmDate!, $granularity: Granularity!, $weekStart: Weekday!, $groupBy: [Dimension!]!, $breakdowns: [String!]!, $limitBy: LimitByInput, $orderBy: [OrderByInput!]!, $breakdown1: String!, $hasBreakdown1: Boolean!, $breakdown2: String!, $hasBreakdown2: Boolean!, $impressions: Boolean! = false, $clicks: Boolean! = false, $cost: Boolean! = false, $conversions: Boolean! = false, $conversionValue: Boolean! = false, $leads: Boolean! = false, $opportunities: Boolean! = false, $closedWon: Boolean! = false, $revenue: Boolean! = false, $ctr: Boolean! = false, $cpc: Boolean! = false, $cpm: Boolean! = false, $cpa: Boolean! = false, $costPerOpportunity: Boolean! = false, $cac: Boolean! = false, $costPerConversion: Boolean! = false, $cvrClickToLead: Boolean! = false, $cvrLeadToOpp: Boolean! = false, $cvrOppToWon: Boolean! = false, $roas: Boolean! = false, $reportedRoas: Boolean! = false, $averageDealSize: Boolean! = false) {
  metrics(
    dateRange: $range
    where: $where
    currency: $currency
    crmDate: $crmDate
    granularity: $granularity
    weekStart: $weekStart
    groupBy: $groupBy
    breakdowns: $breakdowns
    limitBy: $limitBy
    orderBy: $orderBy
    first: 1
  ) {
    nodes {
      ...DashboardLabels
      breakdown1: breakdown(name: $breakdown1) @include(if: $hasBreakdown1)
      breakdown2: breakdown(name: $breakdown2) @include(if: $hasBreakdown2)
      ...DashboardFigures
    }
  }
}
    fragment DashboardLabels on MetricsNode {
  date
  channel
  campaignId
  adGroupId
  adId
  utmSource
  utmMedium
  utmCampaign
  utmContent
  utmTerm
  match
  currency
}
fragment DashboardFigures on MetricsNode {
  impressions @include(if: $impressions)
  clicks @include(if: $clicks)
  cost @include(if: $cost)
  conversions @include(if: $conversions)
  conversionValue @include(if: $conversionValue)
  leads @include(if: $leads)
  opportunities @include(if: $opportunities)
  closedWon @include(if: $closedWon)
  revenue @include(if: $revenue)
  ctr @include(if: $ctr)
  cpc @include(if: $cpc)
  cpm @include(if: $cpm)
  cpa @include(if: $cpa)
  costPerOpportunity @include(if: $costPerOpportunity)
  cac @include(if: $cac)
  costPerConversion @include(if: $costPerConversion)
  cvrClickToLead @include(if: $cvrClickToLead)
  cvrLeadToOpp @include(if: $cvrLeadToOpp)
  cvrOppToWon @include(if: $cvrOppToWon)
  roas @include(if: $roas)
  reportedRoas @include(if: $reportedRoas)
  averageDealSize @include(if: $averageDealSize)
}`, {"hash":"edebdf666008e97ad269faf451236ae11b328704c6e8e2cc7f47b02b493c92f9"}) as unknown as TypedDocumentString<DashboardExportQuery, DashboardExportQueryVariables>;
export const DashboardFeedQualityDocument = new TypedDocumentString(`
    query DashboardFeedQuality($range: DateRangeInput!) {
  dataQuality(dateRange: $range) {
    repairs {
      name
      count
    }
    skips {
      name
      count
    }
    rejectedRecords {
      source
      kind
      reason
      count
    }
    overlappingSources {
      source
      others
      records
      days
    }
    orphanedSources {
      source
      records
      cost
      revenue
      from
      to
    }
    sharedIds {
      namespaces
      ids
      revenue
    }
  }
}
    `, {"hash":"f327650157b9b2ea3edf2bf20293738aa76a768368b328bc2bb99925332dc198"}) as unknown as TypedDocumentString<DashboardFeedQualityQuery, DashboardFeedQualityQueryVariables>;
export const DashboardIngestionDocument = new TypedDocumentString(`
    query DashboardIngestion($source: String, $before: ID) {
  ingestSources {
    name
    kind
    adapter
    mode
    circuit
    watermark
    schedule
    scheduleActive
    scheduleInactiveReason
    nextRunAt
  }
  ingestRuns(source: $source, first: 20, before: $before) {
    ...DashboardRun
  }
}
    fragment DashboardRun on IngestRun {
  id
  source
  status
  mode
  dryRun
  since
  until
  createdAt
  finishedAt
  durationMs
  recordsRead
  recordsWritten
  recordsRejected
  recordsRejectedOpen
  error {
    code
    message
  }
}`, {"hash":"cad917d835db594ea2d4d5f199f3239483ed004c4295461b98fa3a74e249fb4d"}) as unknown as TypedDocumentString<DashboardIngestionQuery, DashboardIngestionQueryVariables>;
export const DashboardRunDetailsDocument = new TypedDocumentString(`
    query DashboardRunDetails($id: ID!) {
  ingestRun(id: $id) {
    ...DashboardRun
    requestedBy
    attempt
    warnings
    replayOf
    bytesRead
    repairsByKind {
      name
      count
    }
    rejectedByReason {
      name
      count
    }
    skippedByReason {
      name
      count
    }
    changes {
      date
      added
      changed
      removed
      costBefore
      costAfter
    }
  }
}
    fragment DashboardRun on IngestRun {
  id
  source
  status
  mode
  dryRun
  since
  until
  createdAt
  finishedAt
  durationMs
  recordsRead
  recordsWritten
  recordsRejected
  recordsRejectedOpen
  error {
    code
    message
  }
}`, {"hash":"5eda7831f4e7ab5b12fd6aea94dc3e73014de67779d6a1573892398c97d27f06"}) as unknown as TypedDocumentString<DashboardRunDetailsQuery, DashboardRunDetailsQueryVariables>;
export const DashboardRunProgressDocument = new TypedDocumentString(`
    subscription DashboardRunProgress($id: ID!) {
  ingestRun(id: $id) {
    ...DashboardRun
  }
}
    fragment DashboardRun on IngestRun {
  id
  source
  status
  mode
  dryRun
  since
  until
  createdAt
  finishedAt
  durationMs
  recordsRead
  recordsWritten
  recordsRejected
  recordsRejectedOpen
  error {
    code
    message
  }
}`, {"hash":"65b45ff2db2ecceadd537e5df36f3ffba38d21637e04f918268f7f32afab4746"}) as unknown as TypedDocumentString<DashboardRunProgressSubscription, DashboardRunProgressSubscriptionVariables>;
export const DashboardTriggerDocument = new TypedDocumentString(`
    mutation DashboardTrigger($input: TriggerIngestInput!) {
  triggerIngest(input: $input) {
    runs {
      id
    }
  }
}
    `, {"hash":"ad8a7b5548e52e5edfb0a8a9c60eb5a859008693b40e0186e33183b3eee365ed"}) as unknown as TypedDocumentString<DashboardTriggerMutation, DashboardTriggerMutationVariables>;
export const DashboardCancelDocument = new TypedDocumentString(`
    mutation DashboardCancel($id: ID!) {
  cancelIngest(id: $id) {
    id
  }
}
    `, {"hash":"05910b2c909bed29d311875bdefd9d2e5cb5d0e08602cbb89a212bad8c925194"}) as unknown as TypedDocumentString<DashboardCancelMutation, DashboardCancelMutationVariables>;
export const DashboardReplayDocument = new TypedDocumentString(`
    mutation DashboardReplay($id: ID!) {
  replayRun(id: $id) {
    id
  }
}
    `, {"hash":"5f0b462e59e599a4031af354480b655b83cbfa8c6e3df420036db8bee8c21fc7"}) as unknown as TypedDocumentString<DashboardReplayMutation, DashboardReplayMutationVariables>;
export const DashboardApproveDocument = new TypedDocumentString(`
    mutation DashboardApprove($id: ID!) {
  approveRun(id: $id) {
    id
  }
}
    `, {"hash":"ff9b78a2cd163721e8711ab4dcab846d879138a5b098d3dbaa6d807aeb44489c"}) as unknown as TypedDocumentString<DashboardApproveMutation, DashboardApproveMutationVariables>;
export const DashboardOverviewDocument = new TypedDocumentString(`
    query DashboardOverview($range: DateRangeInput!, $compareTo: CompareToInput, $where: MetricsWhere, $currency: String, $granularity: Granularity!, $weekStart: Weekday!, $rank: [OrderByInput!]!, $utm: [Dimension!]!, $impressions: Boolean! = false, $clicks: Boolean! = false, $cost: Boolean! = false, $conversions: Boolean! = false, $conversionValue: Boolean! = false, $leads: Boolean! = false, $opportunities: Boolean! = false, $closedWon: Boolean! = false, $revenue: Boolean! = false, $ctr: Boolean! = false, $cpc: Boolean! = false, $cpm: Boolean! = false, $cpa: Boolean! = false, $costPerOpportunity: Boolean! = false, $cac: Boolean! = false, $costPerConversion: Boolean! = false, $cvrClickToLead: Boolean! = false, $cvrLeadToOpp: Boolean! = false, $cvrOppToWon: Boolean! = false, $roas: Boolean! = false, $reportedRoas: Boolean! = false, $averageDealSize: Boolean! = false) {
  summary: metrics(
    dateRange: $range
    compareTo: $compareTo
    where: $where
    currency: $currency
  ) {
    totals {
      ...DashboardTotals
      previous {
        ...DashboardPrevious
      }
      relativeChange {
        ...DashboardRelative
      }
    }
    unattributed {
      leads
      revenue
    }
    unconverted {
      currency
      cost
      conversionValue
      revenue
    }
    meta {
      from
      to
      comparedFrom
      comparedTo
      currency
      freshness
      warnings {
        code
        message
      }
    }
  }
  series: metrics(
    dateRange: $range
    compareTo: $compareTo
    where: $where
    currency: $currency
    groupBy: [DATE]
    granularity: $granularity
    weekStart: $weekStart
    orderBy: [{dimension: DATE}]
    fill: true
    first: 1000
  ) {
    nodes {
      date
      ...DashboardFigures
      previous {
        ...DashboardPrevious
      }
    }
  }
  channels: metrics(
    dateRange: $range
    where: $where
    currency: $currency
    groupBy: [CHANNEL]
    orderBy: $rank
    first: 8
  ) {
    nodes {
      channel
      ...DashboardFigures
    }
    totalCount
  }
  campaigns: metrics(
    dateRange: $range
    where: $where
    currency: $currency
    groupBy: [CAMPAIGN_ID]
    orderBy: $rank
    first: 8
  ) {
    nodes {
      campaignId
      ...DashboardFigures
    }
    totalCount
  }
  utm: metrics(
    dateRange: $range
    where: $where
    currency: $currency
    groupBy: $utm
    orderBy: $rank
    first: 8
  ) {
    nodes {
      utmSource
      utmMedium
      utmCampaign
      utmContent
      utmTerm
      ...DashboardFigures
    }
    totalCount
  }
  funnel(dateRange: $range, where: $where, currency: $currency) {
    steps {
      step
      count
      stepConversion
      overallConversion
      costPer
    }
  }
}
    fragment DashboardFigures on MetricsNode {
  impressions @include(if: $impressions)
  clicks @include(if: $clicks)
  cost @include(if: $cost)
  conversions @include(if: $conversions)
  conversionValue @include(if: $conversionValue)
  leads @include(if: $leads)
  opportunities @include(if: $opportunities)
  closedWon @include(if: $closedWon)
  revenue @include(if: $revenue)
  ctr @include(if: $ctr)
  cpc @include(if: $cpc)
  cpm @include(if: $cpm)
  cpa @include(if: $cpa)
  costPerOpportunity @include(if: $costPerOpportunity)
  cac @include(if: $cac)
  costPerConversion @include(if: $costPerConversion)
  cvrClickToLead @include(if: $cvrClickToLead)
  cvrLeadToOpp @include(if: $cvrLeadToOpp)
  cvrOppToWon @include(if: $cvrOppToWon)
  roas @include(if: $roas)
  reportedRoas @include(if: $reportedRoas)
  averageDealSize @include(if: $averageDealSize)
}
fragment DashboardTotals on MetricsTotals {
  impressions @include(if: $impressions)
  clicks @include(if: $clicks)
  cost @include(if: $cost)
  conversions @include(if: $conversions)
  conversionValue @include(if: $conversionValue)
  leads @include(if: $leads)
  opportunities @include(if: $opportunities)
  closedWon @include(if: $closedWon)
  revenue @include(if: $revenue)
  ctr @include(if: $ctr)
  cpc @include(if: $cpc)
  cpm @include(if: $cpm)
  cpa @include(if: $cpa)
  costPerOpportunity @include(if: $costPerOpportunity)
  cac @include(if: $cac)
  costPerConversion @include(if: $costPerConversion)
  cvrClickToLead @include(if: $cvrClickToLead)
  cvrLeadToOpp @include(if: $cvrLeadToOpp)
  cvrOppToWon @include(if: $cvrOppToWon)
  roas @include(if: $roas)
  reportedRoas @include(if: $reportedRoas)
  averageDealSize @include(if: $averageDealSize)
}
fragment DashboardPrevious on PreviousMeasures {
  impressions @include(if: $impressions)
  clicks @include(if: $clicks)
  cost @include(if: $cost)
  conversions @include(if: $conversions)
  conversionValue @include(if: $conversionValue)
  leads @include(if: $leads)
  opportunities @include(if: $opportunities)
  closedWon @include(if: $closedWon)
  revenue @include(if: $revenue)
  ctr @include(if: $ctr)
  cpc @include(if: $cpc)
  cpm @include(if: $cpm)
  cpa @include(if: $cpa)
  costPerOpportunity @include(if: $costPerOpportunity)
  cac @include(if: $cac)
  costPerConversion @include(if: $costPerConversion)
  cvrClickToLead @include(if: $cvrClickToLead)
  cvrLeadToOpp @include(if: $cvrLeadToOpp)
  cvrOppToWon @include(if: $cvrOppToWon)
  roas @include(if: $roas)
  reportedRoas @include(if: $reportedRoas)
  averageDealSize @include(if: $averageDealSize)
}
fragment DashboardRelative on RelativeMeasureChanges {
  impressions @include(if: $impressions)
  clicks @include(if: $clicks)
  cost @include(if: $cost)
  conversions @include(if: $conversions)
  conversionValue @include(if: $conversionValue)
  leads @include(if: $leads)
  opportunities @include(if: $opportunities)
  closedWon @include(if: $closedWon)
  revenue @include(if: $revenue)
  ctr @include(if: $ctr)
  cpc @include(if: $cpc)
  cpm @include(if: $cpm)
  cpa @include(if: $cpa)
  costPerOpportunity @include(if: $costPerOpportunity)
  cac @include(if: $cac)
  costPerConversion @include(if: $costPerConversion)
  cvrClickToLead @include(if: $cvrClickToLead)
  cvrLeadToOpp @include(if: $cvrLeadToOpp)
  cvrOppToWon @include(if: $cvrOppToWon)
  roas @include(if: $roas)
  reportedRoas @include(if: $reportedRoas)
  averageDealSize @include(if: $averageDealSize)
}`, {"hash":"f195de37c270ae6d106eb84dace80fec2c03f2ec4cd50f9f07ecfd292282443a"}) as unknown as TypedDocumentString<DashboardOverviewQuery, DashboardOverviewQueryVariables>;
export const DashboardQualityDocument = new TypedDocumentString(`
    query DashboardQuality($range: DateRangeInput!, $currency: String) {
  dataQuality(dateRange: $range, currency: $currency) {
    matches {
      match
      records
      recordShare
      revenue
    }
    daysWithoutData
    nearDuplicateUtms(first: 20) {
      totalCount
      nodes {
        dimension
        cost
        spellings {
          value
          rows
          cost
        }
      }
    }
    spendWithoutUtm {
      cost
      utmSource {
        cost
        rows
        share
      }
      utmMedium {
        cost
        rows
        share
      }
      utmCampaign {
        cost
        rows
        share
      }
    }
    revenueWithoutSpend {
      campaigns(first: 20) {
        totalCount
        nodes {
          value
          closedWon
          revenue
        }
      }
    }
  }
  summary: metrics(dateRange: $range, currency: $currency) {
    totals {
      cost
      revenue
    }
    meta {
      from
      to
      currency
    }
  }
  withoutCampaign: metrics(
    dateRange: $range
    currency: $currency
    where: {match: {eq: "UNATTRIBUTED"}, utmCampaign: {isUnknown: true}}
  ) {
    totals {
      leads
      revenue
    }
  }
  withoutAds: metrics(
    dateRange: $range
    currency: $currency
    where: {match: {eq: "UNATTRIBUTED"}, utmCampaign: {isUnknown: false}}
    groupBy: [UTM_CAMPAIGN]
    orderBy: [{measure: LEADS, direction: DESC}]
    first: 20
  ) {
    nodes {
      utmCampaign
      leads
      revenue
    }
    totals {
      leads
      revenue
    }
    totalCount
  }
}
    `, {"hash":"0296245ff5125d98dfc198d107dd569d7e38612b417b1f24c48e1bd486a30bbf"}) as unknown as TypedDocumentString<DashboardQualityQuery, DashboardQualityQueryVariables>;
export const DashboardRejectsDocument = new TypedDocumentString(`
    query DashboardRejects($where: RejectedRecordsWhere, $after: String) {
  rejectedRecords(where: $where, first: 20, after: $after) {
    totalCount
    nodes {
      id
      source
      kind
      reason
      field
      detail
      record
      rejectedAt
    }
    pageInfo {
      endCursor
      hasNextPage
    }
  }
}
    `, {"hash":"e9e6aad51d819e01749bc3c523ce9b9279c31f4f67a4260a1c8b751a924aa439"}) as unknown as TypedDocumentString<DashboardRejectsQuery, DashboardRejectsQueryVariables>;
export const DashboardRetryDocument = new TypedDocumentString(`
    mutation DashboardRetry($input: RetryRejectedRecordsInput!) {
  retryRejectedRecords(input: $input) {
    accepted
    rejected
    records {
      id
      accepted
      reason
      detail
    }
  }
}
    `, {"hash":"1d80b84172a1aade148318b52f98591ab16f7428b383012ccd981a07eee46a54"}) as unknown as TypedDocumentString<DashboardRetryMutation, DashboardRetryMutationVariables>;
export const DashboardDismissDocument = new TypedDocumentString(`
    mutation DashboardDismiss($input: DismissRejectedRecordsInput!) {
  dismissRejectedRecords(input: $input) {
    dismissed
  }
}
    `, {"hash":"91357425ec8a04531a833607bdc7349dba760fc1dee4356dd2c99e68644d47a6"}) as unknown as TypedDocumentString<DashboardDismissMutation, DashboardDismissMutationVariables>;
export const DashboardViewsDocument = new TypedDocumentString(`
    query DashboardViews {
  savedViews {
    id
    name
    address
    owner
    isOwn
    mayChange
    isHome
  }
}
    `, {"hash":"1291bdc04503f3d073cde06c3b0c8b2bd794c2b6652261b31c9701ae2a14f5b7"}) as unknown as TypedDocumentString<DashboardViewsQuery, DashboardViewsQueryVariables>;
export const DashboardSaveViewDocument = new TypedDocumentString(`
    mutation DashboardSaveView($input: SaveViewInput!) {
  saveView(input: $input) {
    id
  }
}
    `, {"hash":"adfc1d4285c43c3db338e517c98b4055be969892f8c6005c9066536e2faabbde"}) as unknown as TypedDocumentString<DashboardSaveViewMutation, DashboardSaveViewMutationVariables>;
export const DashboardDeleteViewDocument = new TypedDocumentString(`
    mutation DashboardDeleteView($id: ID!) {
  deleteView(id: $id) {
    id
  }
}
    `, {"hash":"dfe64229bf5cd18258d147648f9111439018d126501b59e67ffb03522f1bf66d"}) as unknown as TypedDocumentString<DashboardDeleteViewMutation, DashboardDeleteViewMutationVariables>;
export const DashboardSetHomeViewDocument = new TypedDocumentString(`
    mutation DashboardSetHomeView($id: ID) {
  setHomeView(id: $id) {
    id
  }
}
    `, {"hash":"da5d997943a9c69ed644319b72d6e058c96fe090f65864a60b949083663cb2b3"}) as unknown as TypedDocumentString<DashboardSetHomeViewMutation, DashboardSetHomeViewMutationVariables>;
export const DashboardShareLinksDocument = new TypedDocumentString(`
    query DashboardShareLinks($viewId: ID!) {
  shareLinks(viewId: $viewId) {
    id
    createdBy
    createdAt
    expiresAt
  }
}
    `, {"hash":"d55bcf6767f4933c06d7af2e4f51fee2d18d0c8f75d8f600a1cf495a8c6beca9"}) as unknown as TypedDocumentString<DashboardShareLinksQuery, DashboardShareLinksQueryVariables>;
export const DashboardShareViewDocument = new TypedDocumentString(`
    mutation DashboardShareView($input: ShareViewInput!) {
  shareView(input: $input) {
    url
  }
}
    `, {"hash":"3ac0cb4998b23ba5bed82d0ff925faaf84eed1f777f05d6581b25b7ba3f40806"}) as unknown as TypedDocumentString<DashboardShareViewMutation, DashboardShareViewMutationVariables>;
export const DashboardRevokeShareLinkDocument = new TypedDocumentString(`
    mutation DashboardRevokeShareLink($id: ID!) {
  revokeShareLink(id: $id) {
    id
  }
}
    `, {"hash":"b789970ac1ce1c9921d55a6d21b21a72c7a02de28773477228b5c6aaffa267a8"}) as unknown as TypedDocumentString<DashboardRevokeShareLinkMutation, DashboardRevokeShareLinkMutationVariables>;
export const DashboardSourcesDocument = new TypedDocumentString(`
    query DashboardSources($range: DateRangeInput!) {
  dataQuality(dateRange: $range) {
    sources {
      source
      lastStatus
      lastFinishedAt
      lastSucceededAt
    }
  }
  ingestSources {
    name
    kind
    watermark
    circuit
    nextRunAt
    schedule
    scheduleActive
  }
}
    `, {"hash":"87296b6ab0c849f25788f9008d017d09fac65788348b7ebdfcccb34aff825f33"}) as unknown as TypedDocumentString<DashboardSourcesQuery, DashboardSourcesQueryVariables>;
export const DashboardSuggestionsDocument = new TypedDocumentString(`
    query DashboardSuggestions($dimension: Dimension, $breakdown: String, $range: DateRangeInput!, $search: String, $where: MetricsWhere) {
  dimensionValues(
    dimension: $dimension
    breakdown: $breakdown
    dateRange: $range
    search: $search
    where: $where
    first: 12
  ) {
    nodes {
      value
    }
    totalCount
  }
}
    `, {"hash":"fc5ea35b0996ffe8c2ecd2b63e35b88b1233ea4c11b26259f9f2b5fb1cd8d360"}) as unknown as TypedDocumentString<DashboardSuggestionsQuery, DashboardSuggestionsQueryVariables>;