/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
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

export type AttributionQualityQueryVariables = Exact<{
  range: DateRangeInput;
}>;


export type AttributionQualityQuery = { metrics: { nodes: Array<{ match: string | null, leads: number, opportunities: number, closedWon: number, revenue: number | null }>, totals: { leads: number, revenue: number | null } } };

export type CampaignPerformanceQueryVariables = Exact<{
  range: DateRangeInput;
  where?: MetricsWhere | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type CampaignPerformanceQuery = { metrics: { totalCount: number, nodes: Array<{ channel: string | null, campaignId: string | null, impressions: number | null, clicks: number | null, cost: number | null, leads: number, opportunities: number, closedWon: number, revenue: number | null, cpc: number | null, cpa: number | null, cvrClickToLead: number | null, cvrLeadToOpp: number | null, cvrOppToWon: number | null, roas: number | null }>, pageInfo: { endCursor: string | null, hasNextPage: boolean } } };

export type ChannelPerformanceQueryVariables = Exact<{
  range: DateRangeInput;
  where?: MetricsWhere | null | undefined;
  first?: number | null | undefined;
}>;


export type ChannelPerformanceQuery = { metrics: { totalCount: number, nodes: Array<{ channel: string | null, impressions: number | null, clicks: number | null, cost: number | null, leads: number, opportunities: number, closedWon: number, revenue: number | null, cpc: number | null, cpa: number | null, cvrClickToLead: number | null, cvrLeadToOpp: number | null, cvrOppToWon: number | null, roas: number | null }>, totals: { impressions: number | null, clicks: number | null, cost: number | null, leads: number, opportunities: number, closedWon: number, revenue: number | null, cpc: number | null, cpa: number | null, cvrClickToLead: number | null, cvrLeadToOpp: number | null, cvrOppToWon: number | null, roas: number | null }, meta: { from: string, to: string, freshness: string | null } } };

export type IngestRunStateQueryVariables = Exact<{
  id: string | number;
}>;


export type IngestRunStateQuery = { ingestRun: { id: string, source: string, status: IngestRunStatus, recordsWritten: number, recordsRejected: number, durationMs: number | null, error: { code: string, message: string } | null } | null };

export type IngestStatusQueryVariables = Exact<{
  source?: string | null | undefined;
  status?: IngestRunStatus | null | undefined;
  first?: number | null | undefined;
}>;


export type IngestStatusQuery = { ingestRuns: Array<{ id: string, source: string, status: IngestRunStatus, startedAt: string | null, durationMs: number | null, recordsRead: number, recordsWritten: number, recordsSkipped: number, recordsRejected: number, error: { code: string, message: string } | null }> };

export type IngestWorkspacesQueryVariables = Exact<{ [key: string]: never; }>;


export type IngestWorkspacesQuery = { ingestWorkspaces: Array<{ name: string, sources: Array<string> }> };

export type OverviewQueryVariables = Exact<{
  range: DateRangeInput;
  compared: DateRangeInput;
  where?: MetricsWhere | null | undefined;
}>;


export type OverviewQuery = { current: { totals: { impressions: number | null, clicks: number | null, cost: number | null, leads: number, opportunities: number, closedWon: number, revenue: number | null, cpc: number | null, cpa: number | null, cvrClickToLead: number | null, cvrLeadToOpp: number | null, cvrOppToWon: number | null, roas: number | null }, meta: { from: string, to: string, freshness: string | null } }, compared: { totals: { impressions: number | null, clicks: number | null, cost: number | null, leads: number, opportunities: number, closedWon: number, revenue: number | null, cpc: number | null, cpa: number | null, cvrClickToLead: number | null, cvrLeadToOpp: number | null, cvrOppToWon: number | null, roas: number | null }, meta: { from: string, to: string } }, channels: { nodes: Array<{ channel: string | null, cost: number | null, leads: number, revenue: number | null, roas: number | null }> } };

export type PerformanceOverTimeQueryVariables = Exact<{
  range: DateRangeInput;
  granularity?: Granularity | null | undefined;
  weekStart?: Weekday | null | undefined;
  where?: MetricsWhere | null | undefined;
  first?: number | null | undefined;
}>;


export type PerformanceOverTimeQuery = { metrics: { nodes: Array<{ date: string | null, impressions: number | null, clicks: number | null, cost: number | null, leads: number, opportunities: number, closedWon: number, revenue: number | null, cpc: number | null, cpa: number | null, cvrClickToLead: number | null, cvrLeadToOpp: number | null, cvrOppToWon: number | null, roas: number | null }>, totals: { impressions: number | null, clicks: number | null, cost: number | null, leads: number, opportunities: number, closedWon: number, revenue: number | null, cpc: number | null, cpa: number | null, cvrClickToLead: number | null, cvrLeadToOpp: number | null, cvrOppToWon: number | null, roas: number | null } } };

export type PerformanceFragment = { impressions: number | null, clicks: number | null, cost: number | null, leads: number, opportunities: number, closedWon: number, revenue: number | null, cpc: number | null, cpa: number | null, cvrClickToLead: number | null, cvrLeadToOpp: number | null, cvrOppToWon: number | null, roas: number | null };

export type PerformanceTotalsFragment = { impressions: number | null, clicks: number | null, cost: number | null, leads: number, opportunities: number, closedWon: number, revenue: number | null, cpc: number | null, cpa: number | null, cvrClickToLead: number | null, cvrLeadToOpp: number | null, cvrOppToWon: number | null, roas: number | null };

export type TriggerIngestMutationVariables = Exact<{
  input?: TriggerIngestInput | null | undefined;
}>;


export type TriggerIngestMutation = { triggerIngest: { runs: Array<{ id: string, source: string, status: IngestRunStatus, recordsRead: number, recordsWritten: number, recordsRejected: number, error: { code: string, message: string } | null }> } };

export type UtmPerformanceQueryVariables = Exact<{
  range: DateRangeInput;
  where?: MetricsWhere | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type UtmPerformanceQuery = { metrics: { totalCount: number, nodes: Array<{ utmCampaign: string | null, utmSource: string | null, utmMedium: string | null, impressions: number | null, clicks: number | null, cost: number | null, leads: number, opportunities: number, closedWon: number, revenue: number | null, cpc: number | null, cpa: number | null, cvrClickToLead: number | null, cvrLeadToOpp: number | null, cvrOppToWon: number | null, roas: number | null }>, pageInfo: { endCursor: string | null, hasNextPage: boolean } } };

export const PerformanceFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Performance"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"MetricsNode"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"impressions"}},{"kind":"Field","name":{"kind":"Name","value":"clicks"}},{"kind":"Field","name":{"kind":"Name","value":"cost"}},{"kind":"Field","name":{"kind":"Name","value":"leads"}},{"kind":"Field","name":{"kind":"Name","value":"opportunities"}},{"kind":"Field","name":{"kind":"Name","value":"closedWon"}},{"kind":"Field","name":{"kind":"Name","value":"revenue"}},{"kind":"Field","name":{"kind":"Name","value":"cpc"}},{"kind":"Field","name":{"kind":"Name","value":"cpa"}},{"kind":"Field","name":{"kind":"Name","value":"cvrClickToLead"}},{"kind":"Field","name":{"kind":"Name","value":"cvrLeadToOpp"}},{"kind":"Field","name":{"kind":"Name","value":"cvrOppToWon"}},{"kind":"Field","name":{"kind":"Name","value":"roas"}}]}}]} as unknown as DocumentNode<PerformanceFragment, unknown>;
export const PerformanceTotalsFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"PerformanceTotals"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"MetricsTotals"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"impressions"}},{"kind":"Field","name":{"kind":"Name","value":"clicks"}},{"kind":"Field","name":{"kind":"Name","value":"cost"}},{"kind":"Field","name":{"kind":"Name","value":"leads"}},{"kind":"Field","name":{"kind":"Name","value":"opportunities"}},{"kind":"Field","name":{"kind":"Name","value":"closedWon"}},{"kind":"Field","name":{"kind":"Name","value":"revenue"}},{"kind":"Field","name":{"kind":"Name","value":"cpc"}},{"kind":"Field","name":{"kind":"Name","value":"cpa"}},{"kind":"Field","name":{"kind":"Name","value":"cvrClickToLead"}},{"kind":"Field","name":{"kind":"Name","value":"cvrLeadToOpp"}},{"kind":"Field","name":{"kind":"Name","value":"cvrOppToWon"}},{"kind":"Field","name":{"kind":"Name","value":"roas"}}]}}]} as unknown as DocumentNode<PerformanceTotalsFragment, unknown>;
export const AttributionQualityDocument = {"__meta__":{"hash":"41a2aaa27db2983bfb64a571475652546f21c45538595eac62d28c53393cc5f0"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"AttributionQuality"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"range"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"DateRangeInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"metrics"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"dateRange"},"value":{"kind":"Variable","name":{"kind":"Name","value":"range"}}},{"kind":"Argument","name":{"kind":"Name","value":"groupBy"},"value":{"kind":"ListValue","values":[{"kind":"EnumValue","value":"MATCH"}]}},{"kind":"Argument","name":{"kind":"Name","value":"orderBy"},"value":{"kind":"ListValue","values":[{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"measure"},"value":{"kind":"EnumValue","value":"LEADS"}},{"kind":"ObjectField","name":{"kind":"Name","value":"direction"},"value":{"kind":"EnumValue","value":"DESC"}}]}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"match"}},{"kind":"Field","name":{"kind":"Name","value":"leads"}},{"kind":"Field","name":{"kind":"Name","value":"opportunities"}},{"kind":"Field","name":{"kind":"Name","value":"closedWon"}},{"kind":"Field","name":{"kind":"Name","value":"revenue"}}]}},{"kind":"Field","name":{"kind":"Name","value":"totals"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"leads"}},{"kind":"Field","name":{"kind":"Name","value":"revenue"}}]}}]}}]}}]} as unknown as DocumentNode<AttributionQualityQuery, AttributionQualityQueryVariables>;
export const CampaignPerformanceDocument = {"__meta__":{"hash":"5a960d09fcd89c04707aee8726825e8a5b72b1c446054407a433e7d99853ab0c"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"CampaignPerformance"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"range"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"DateRangeInput"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"where"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"MetricsWhere"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}},"defaultValue":{"kind":"IntValue","value":"50"}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"metrics"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"dateRange"},"value":{"kind":"Variable","name":{"kind":"Name","value":"range"}}},{"kind":"Argument","name":{"kind":"Name","value":"groupBy"},"value":{"kind":"ListValue","values":[{"kind":"EnumValue","value":"CHANNEL"},{"kind":"EnumValue","value":"CAMPAIGN_ID"}]}},{"kind":"Argument","name":{"kind":"Name","value":"where"},"value":{"kind":"Variable","name":{"kind":"Name","value":"where"}}},{"kind":"Argument","name":{"kind":"Name","value":"orderBy"},"value":{"kind":"ListValue","values":[{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"measure"},"value":{"kind":"EnumValue","value":"COST"}},{"kind":"ObjectField","name":{"kind":"Name","value":"direction"},"value":{"kind":"EnumValue","value":"DESC"}}]}]}},{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"channel"}},{"kind":"Field","name":{"kind":"Name","value":"campaignId"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Performance"}}]}},{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"endCursor"}},{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Performance"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"MetricsNode"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"impressions"}},{"kind":"Field","name":{"kind":"Name","value":"clicks"}},{"kind":"Field","name":{"kind":"Name","value":"cost"}},{"kind":"Field","name":{"kind":"Name","value":"leads"}},{"kind":"Field","name":{"kind":"Name","value":"opportunities"}},{"kind":"Field","name":{"kind":"Name","value":"closedWon"}},{"kind":"Field","name":{"kind":"Name","value":"revenue"}},{"kind":"Field","name":{"kind":"Name","value":"cpc"}},{"kind":"Field","name":{"kind":"Name","value":"cpa"}},{"kind":"Field","name":{"kind":"Name","value":"cvrClickToLead"}},{"kind":"Field","name":{"kind":"Name","value":"cvrLeadToOpp"}},{"kind":"Field","name":{"kind":"Name","value":"cvrOppToWon"}},{"kind":"Field","name":{"kind":"Name","value":"roas"}}]}}]} as unknown as DocumentNode<CampaignPerformanceQuery, CampaignPerformanceQueryVariables>;
export const ChannelPerformanceDocument = {"__meta__":{"hash":"23d49c23c88969c55cab1c79b23bd35df5846aad427d2e37ce8231435bbda902"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"ChannelPerformance"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"range"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"DateRangeInput"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"where"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"MetricsWhere"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}},"defaultValue":{"kind":"IntValue","value":"50"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"metrics"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"dateRange"},"value":{"kind":"Variable","name":{"kind":"Name","value":"range"}}},{"kind":"Argument","name":{"kind":"Name","value":"groupBy"},"value":{"kind":"ListValue","values":[{"kind":"EnumValue","value":"CHANNEL"}]}},{"kind":"Argument","name":{"kind":"Name","value":"where"},"value":{"kind":"Variable","name":{"kind":"Name","value":"where"}}},{"kind":"Argument","name":{"kind":"Name","value":"orderBy"},"value":{"kind":"ListValue","values":[{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"measure"},"value":{"kind":"EnumValue","value":"COST"}},{"kind":"ObjectField","name":{"kind":"Name","value":"direction"},"value":{"kind":"EnumValue","value":"DESC"}}]}]}},{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"channel"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Performance"}}]}},{"kind":"Field","name":{"kind":"Name","value":"totals"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"PerformanceTotals"}}]}},{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"meta"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"from"}},{"kind":"Field","name":{"kind":"Name","value":"to"}},{"kind":"Field","name":{"kind":"Name","value":"freshness"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Performance"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"MetricsNode"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"impressions"}},{"kind":"Field","name":{"kind":"Name","value":"clicks"}},{"kind":"Field","name":{"kind":"Name","value":"cost"}},{"kind":"Field","name":{"kind":"Name","value":"leads"}},{"kind":"Field","name":{"kind":"Name","value":"opportunities"}},{"kind":"Field","name":{"kind":"Name","value":"closedWon"}},{"kind":"Field","name":{"kind":"Name","value":"revenue"}},{"kind":"Field","name":{"kind":"Name","value":"cpc"}},{"kind":"Field","name":{"kind":"Name","value":"cpa"}},{"kind":"Field","name":{"kind":"Name","value":"cvrClickToLead"}},{"kind":"Field","name":{"kind":"Name","value":"cvrLeadToOpp"}},{"kind":"Field","name":{"kind":"Name","value":"cvrOppToWon"}},{"kind":"Field","name":{"kind":"Name","value":"roas"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"PerformanceTotals"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"MetricsTotals"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"impressions"}},{"kind":"Field","name":{"kind":"Name","value":"clicks"}},{"kind":"Field","name":{"kind":"Name","value":"cost"}},{"kind":"Field","name":{"kind":"Name","value":"leads"}},{"kind":"Field","name":{"kind":"Name","value":"opportunities"}},{"kind":"Field","name":{"kind":"Name","value":"closedWon"}},{"kind":"Field","name":{"kind":"Name","value":"revenue"}},{"kind":"Field","name":{"kind":"Name","value":"cpc"}},{"kind":"Field","name":{"kind":"Name","value":"cpa"}},{"kind":"Field","name":{"kind":"Name","value":"cvrClickToLead"}},{"kind":"Field","name":{"kind":"Name","value":"cvrLeadToOpp"}},{"kind":"Field","name":{"kind":"Name","value":"cvrOppToWon"}},{"kind":"Field","name":{"kind":"Name","value":"roas"}}]}}]} as unknown as DocumentNode<ChannelPerformanceQuery, ChannelPerformanceQueryVariables>;
export const IngestRunStateDocument = {"__meta__":{"hash":"24b0838c070d511814e66fe2ad99812ec73e289720574fbb7fd57af78f96f624"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"IngestRunState"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"ingestRun"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"source"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"recordsWritten"}},{"kind":"Field","name":{"kind":"Name","value":"recordsRejected"}},{"kind":"Field","name":{"kind":"Name","value":"durationMs"}},{"kind":"Field","name":{"kind":"Name","value":"error"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<IngestRunStateQuery, IngestRunStateQueryVariables>;
export const IngestStatusDocument = {"__meta__":{"hash":"91688ab7e90e7ab12408840e987a6c0ecb26fc11feae8a089acf55c63968b580"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"IngestStatus"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"source"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"status"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"IngestRunStatus"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}},"defaultValue":{"kind":"IntValue","value":"20"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"ingestRuns"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"source"},"value":{"kind":"Variable","name":{"kind":"Name","value":"source"}}},{"kind":"Argument","name":{"kind":"Name","value":"status"},"value":{"kind":"Variable","name":{"kind":"Name","value":"status"}}},{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"source"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"durationMs"}},{"kind":"Field","name":{"kind":"Name","value":"recordsRead"}},{"kind":"Field","name":{"kind":"Name","value":"recordsWritten"}},{"kind":"Field","name":{"kind":"Name","value":"recordsSkipped"}},{"kind":"Field","name":{"kind":"Name","value":"recordsRejected"}},{"kind":"Field","name":{"kind":"Name","value":"error"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<IngestStatusQuery, IngestStatusQueryVariables>;
export const IngestWorkspacesDocument = {"__meta__":{"hash":"6d50989e2822335577420863b5fa6d0f833f5d1305343d2c4c243c7f63950c3b"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"IngestWorkspaces"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"ingestWorkspaces"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"sources"}}]}}]}}]} as unknown as DocumentNode<IngestWorkspacesQuery, IngestWorkspacesQueryVariables>;
export const OverviewDocument = {"__meta__":{"hash":"1387cfa954f5897eecfe4c00db22ee1a385f97d52f4a96d56c245a79dac11124"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Overview"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"range"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"DateRangeInput"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"compared"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"DateRangeInput"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"where"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"MetricsWhere"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"current"},"name":{"kind":"Name","value":"metrics"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"dateRange"},"value":{"kind":"Variable","name":{"kind":"Name","value":"range"}}},{"kind":"Argument","name":{"kind":"Name","value":"where"},"value":{"kind":"Variable","name":{"kind":"Name","value":"where"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totals"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"PerformanceTotals"}}]}},{"kind":"Field","name":{"kind":"Name","value":"meta"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"from"}},{"kind":"Field","name":{"kind":"Name","value":"to"}},{"kind":"Field","name":{"kind":"Name","value":"freshness"}}]}}]}},{"kind":"Field","alias":{"kind":"Name","value":"compared"},"name":{"kind":"Name","value":"metrics"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"dateRange"},"value":{"kind":"Variable","name":{"kind":"Name","value":"compared"}}},{"kind":"Argument","name":{"kind":"Name","value":"where"},"value":{"kind":"Variable","name":{"kind":"Name","value":"where"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totals"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"PerformanceTotals"}}]}},{"kind":"Field","name":{"kind":"Name","value":"meta"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"from"}},{"kind":"Field","name":{"kind":"Name","value":"to"}}]}}]}},{"kind":"Field","alias":{"kind":"Name","value":"channels"},"name":{"kind":"Name","value":"metrics"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"dateRange"},"value":{"kind":"Variable","name":{"kind":"Name","value":"range"}}},{"kind":"Argument","name":{"kind":"Name","value":"groupBy"},"value":{"kind":"ListValue","values":[{"kind":"EnumValue","value":"CHANNEL"}]}},{"kind":"Argument","name":{"kind":"Name","value":"where"},"value":{"kind":"Variable","name":{"kind":"Name","value":"where"}}},{"kind":"Argument","name":{"kind":"Name","value":"orderBy"},"value":{"kind":"ListValue","values":[{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"measure"},"value":{"kind":"EnumValue","value":"COST"}},{"kind":"ObjectField","name":{"kind":"Name","value":"direction"},"value":{"kind":"EnumValue","value":"DESC"}}]}]}},{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"10"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"channel"}},{"kind":"Field","name":{"kind":"Name","value":"cost"}},{"kind":"Field","name":{"kind":"Name","value":"leads"}},{"kind":"Field","name":{"kind":"Name","value":"revenue"}},{"kind":"Field","name":{"kind":"Name","value":"roas"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"PerformanceTotals"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"MetricsTotals"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"impressions"}},{"kind":"Field","name":{"kind":"Name","value":"clicks"}},{"kind":"Field","name":{"kind":"Name","value":"cost"}},{"kind":"Field","name":{"kind":"Name","value":"leads"}},{"kind":"Field","name":{"kind":"Name","value":"opportunities"}},{"kind":"Field","name":{"kind":"Name","value":"closedWon"}},{"kind":"Field","name":{"kind":"Name","value":"revenue"}},{"kind":"Field","name":{"kind":"Name","value":"cpc"}},{"kind":"Field","name":{"kind":"Name","value":"cpa"}},{"kind":"Field","name":{"kind":"Name","value":"cvrClickToLead"}},{"kind":"Field","name":{"kind":"Name","value":"cvrLeadToOpp"}},{"kind":"Field","name":{"kind":"Name","value":"cvrOppToWon"}},{"kind":"Field","name":{"kind":"Name","value":"roas"}}]}}]} as unknown as DocumentNode<OverviewQuery, OverviewQueryVariables>;
export const PerformanceOverTimeDocument = {"__meta__":{"hash":"e30155302d575d5cc8ee3f820cfe80869c31481de6e835489d9d741be311881a"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"PerformanceOverTime"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"range"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"DateRangeInput"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"granularity"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Granularity"}},"defaultValue":{"kind":"EnumValue","value":"DAY"}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"weekStart"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Weekday"}},"defaultValue":{"kind":"EnumValue","value":"MONDAY"}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"where"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"MetricsWhere"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}},"defaultValue":{"kind":"IntValue","value":"1000"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"metrics"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"dateRange"},"value":{"kind":"Variable","name":{"kind":"Name","value":"range"}}},{"kind":"Argument","name":{"kind":"Name","value":"groupBy"},"value":{"kind":"ListValue","values":[{"kind":"EnumValue","value":"DATE"}]}},{"kind":"Argument","name":{"kind":"Name","value":"granularity"},"value":{"kind":"Variable","name":{"kind":"Name","value":"granularity"}}},{"kind":"Argument","name":{"kind":"Name","value":"weekStart"},"value":{"kind":"Variable","name":{"kind":"Name","value":"weekStart"}}},{"kind":"Argument","name":{"kind":"Name","value":"where"},"value":{"kind":"Variable","name":{"kind":"Name","value":"where"}}},{"kind":"Argument","name":{"kind":"Name","value":"orderBy"},"value":{"kind":"ListValue","values":[{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"dimension"},"value":{"kind":"EnumValue","value":"DATE"}}]}]}},{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"date"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Performance"}}]}},{"kind":"Field","name":{"kind":"Name","value":"totals"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"PerformanceTotals"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Performance"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"MetricsNode"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"impressions"}},{"kind":"Field","name":{"kind":"Name","value":"clicks"}},{"kind":"Field","name":{"kind":"Name","value":"cost"}},{"kind":"Field","name":{"kind":"Name","value":"leads"}},{"kind":"Field","name":{"kind":"Name","value":"opportunities"}},{"kind":"Field","name":{"kind":"Name","value":"closedWon"}},{"kind":"Field","name":{"kind":"Name","value":"revenue"}},{"kind":"Field","name":{"kind":"Name","value":"cpc"}},{"kind":"Field","name":{"kind":"Name","value":"cpa"}},{"kind":"Field","name":{"kind":"Name","value":"cvrClickToLead"}},{"kind":"Field","name":{"kind":"Name","value":"cvrLeadToOpp"}},{"kind":"Field","name":{"kind":"Name","value":"cvrOppToWon"}},{"kind":"Field","name":{"kind":"Name","value":"roas"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"PerformanceTotals"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"MetricsTotals"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"impressions"}},{"kind":"Field","name":{"kind":"Name","value":"clicks"}},{"kind":"Field","name":{"kind":"Name","value":"cost"}},{"kind":"Field","name":{"kind":"Name","value":"leads"}},{"kind":"Field","name":{"kind":"Name","value":"opportunities"}},{"kind":"Field","name":{"kind":"Name","value":"closedWon"}},{"kind":"Field","name":{"kind":"Name","value":"revenue"}},{"kind":"Field","name":{"kind":"Name","value":"cpc"}},{"kind":"Field","name":{"kind":"Name","value":"cpa"}},{"kind":"Field","name":{"kind":"Name","value":"cvrClickToLead"}},{"kind":"Field","name":{"kind":"Name","value":"cvrLeadToOpp"}},{"kind":"Field","name":{"kind":"Name","value":"cvrOppToWon"}},{"kind":"Field","name":{"kind":"Name","value":"roas"}}]}}]} as unknown as DocumentNode<PerformanceOverTimeQuery, PerformanceOverTimeQueryVariables>;
export const TriggerIngestDocument = {"__meta__":{"hash":"e79dae6f2efb8703cacddf4c5ba4ab891b355f05215ea284cf20bbf4740bee00"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"TriggerIngest"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"TriggerIngestInput"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"triggerIngest"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"runs"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"source"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"recordsRead"}},{"kind":"Field","name":{"kind":"Name","value":"recordsWritten"}},{"kind":"Field","name":{"kind":"Name","value":"recordsRejected"}},{"kind":"Field","name":{"kind":"Name","value":"error"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]}}]} as unknown as DocumentNode<TriggerIngestMutation, TriggerIngestMutationVariables>;
export const UtmPerformanceDocument = {"__meta__":{"hash":"f38c568112d41b8124ef534533363d0879b487ce0423b3e6ff79634d3be7d023"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"UtmPerformance"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"range"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"DateRangeInput"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"where"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"MetricsWhere"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}},"defaultValue":{"kind":"IntValue","value":"100"}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"metrics"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"dateRange"},"value":{"kind":"Variable","name":{"kind":"Name","value":"range"}}},{"kind":"Argument","name":{"kind":"Name","value":"groupBy"},"value":{"kind":"ListValue","values":[{"kind":"EnumValue","value":"UTM_CAMPAIGN"},{"kind":"EnumValue","value":"UTM_SOURCE"},{"kind":"EnumValue","value":"UTM_MEDIUM"}]}},{"kind":"Argument","name":{"kind":"Name","value":"where"},"value":{"kind":"Variable","name":{"kind":"Name","value":"where"}}},{"kind":"Argument","name":{"kind":"Name","value":"orderBy"},"value":{"kind":"ListValue","values":[{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"measure"},"value":{"kind":"EnumValue","value":"COST"}},{"kind":"ObjectField","name":{"kind":"Name","value":"direction"},"value":{"kind":"EnumValue","value":"DESC"}}]}]}},{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"utmCampaign"}},{"kind":"Field","name":{"kind":"Name","value":"utmSource"}},{"kind":"Field","name":{"kind":"Name","value":"utmMedium"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Performance"}}]}},{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"endCursor"}},{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Performance"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"MetricsNode"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"impressions"}},{"kind":"Field","name":{"kind":"Name","value":"clicks"}},{"kind":"Field","name":{"kind":"Name","value":"cost"}},{"kind":"Field","name":{"kind":"Name","value":"leads"}},{"kind":"Field","name":{"kind":"Name","value":"opportunities"}},{"kind":"Field","name":{"kind":"Name","value":"closedWon"}},{"kind":"Field","name":{"kind":"Name","value":"revenue"}},{"kind":"Field","name":{"kind":"Name","value":"cpc"}},{"kind":"Field","name":{"kind":"Name","value":"cpa"}},{"kind":"Field","name":{"kind":"Name","value":"cvrClickToLead"}},{"kind":"Field","name":{"kind":"Name","value":"cvrLeadToOpp"}},{"kind":"Field","name":{"kind":"Name","value":"cvrOppToWon"}},{"kind":"Field","name":{"kind":"Name","value":"roas"}}]}}]} as unknown as DocumentNode<UtmPerformanceQuery, UtmPerformanceQueryVariables>;