/* eslint-disable */
import * as types from './graphql.ts';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "query AttributionQuality($range: DateRangeInput!) {\n  metrics(\n    dateRange: $range\n    groupBy: [MATCH]\n    orderBy: [{measure: LEADS, direction: DESC}]\n  ) {\n    nodes {\n      match\n      leads\n      opportunities\n      closedWon\n      revenue\n    }\n    totals {\n      leads\n      revenue\n    }\n  }\n}": typeof types.AttributionQualityDocument,
    "query CampaignPerformance($range: DateRangeInput!, $where: MetricsWhere, $first: Int = 50, $after: String) {\n  metrics(\n    dateRange: $range\n    groupBy: [CHANNEL, CAMPAIGN_ID]\n    where: $where\n    orderBy: [{measure: COST, direction: DESC}]\n    first: $first\n    after: $after\n  ) {\n    nodes {\n      channel\n      campaignId\n      ...Performance\n    }\n    totalCount\n    pageInfo {\n      endCursor\n      hasNextPage\n    }\n  }\n}": typeof types.CampaignPerformanceDocument,
    "query ChannelPerformance($range: DateRangeInput!, $where: MetricsWhere, $first: Int = 50) {\n  metrics(\n    dateRange: $range\n    groupBy: [CHANNEL]\n    where: $where\n    orderBy: [{measure: COST, direction: DESC}]\n    first: $first\n  ) {\n    nodes {\n      channel\n      ...Performance\n    }\n    totals {\n      ...PerformanceTotals\n    }\n    totalCount\n    meta {\n      from\n      to\n      freshness\n    }\n  }\n}": typeof types.ChannelPerformanceDocument,
    "query IngestRunState($id: ID!) {\n  ingestRun(id: $id) {\n    id\n    source\n    status\n    recordsWritten\n    recordsRejected\n    durationMs\n    error {\n      code\n      message\n    }\n  }\n}": typeof types.IngestRunStateDocument,
    "query IngestStatus($source: String, $status: IngestRunStatus, $first: Int = 20) {\n  ingestRuns(source: $source, status: $status, first: $first) {\n    id\n    source\n    status\n    startedAt\n    durationMs\n    recordsRead\n    recordsWritten\n    recordsSkipped\n    recordsRejected\n    error {\n      code\n      message\n    }\n  }\n}": typeof types.IngestStatusDocument,
    "query IngestWorkspaces {\n  ingestWorkspaces {\n    name\n    sources\n  }\n}": typeof types.IngestWorkspacesDocument,
    "query Overview($range: DateRangeInput!, $compared: DateRangeInput!, $where: MetricsWhere) {\n  current: metrics(dateRange: $range, where: $where) {\n    totals {\n      ...PerformanceTotals\n    }\n    meta {\n      from\n      to\n      freshness\n    }\n  }\n  compared: metrics(dateRange: $compared, where: $where) {\n    totals {\n      ...PerformanceTotals\n    }\n    meta {\n      from\n      to\n    }\n  }\n  channels: metrics(\n    dateRange: $range\n    groupBy: [CHANNEL]\n    where: $where\n    orderBy: [{measure: COST, direction: DESC}]\n    first: 10\n  ) {\n    nodes {\n      channel\n      cost\n      leads\n      revenue\n      roas\n    }\n  }\n}": typeof types.OverviewDocument,
    "query PerformanceOverTime($range: DateRangeInput!, $granularity: Granularity = DAY, $weekStart: Weekday = MONDAY, $where: MetricsWhere, $first: Int = 1000) {\n  metrics(\n    dateRange: $range\n    groupBy: [DATE]\n    granularity: $granularity\n    weekStart: $weekStart\n    where: $where\n    orderBy: [{dimension: DATE}]\n    first: $first\n  ) {\n    nodes {\n      date\n      ...Performance\n    }\n    totals {\n      ...PerformanceTotals\n    }\n  }\n}": typeof types.PerformanceOverTimeDocument,
    "fragment Performance on MetricsNode {\n  impressions\n  clicks\n  cost\n  leads\n  opportunities\n  closedWon\n  revenue\n  cpc\n  cpa\n  cvrClickToLead\n  cvrLeadToOpp\n  cvrOppToWon\n  roas\n}\n\nfragment PerformanceTotals on MetricsTotals {\n  impressions\n  clicks\n  cost\n  leads\n  opportunities\n  closedWon\n  revenue\n  cpc\n  cpa\n  cvrClickToLead\n  cvrLeadToOpp\n  cvrOppToWon\n  roas\n}": typeof types.PerformanceFragmentDoc,
    "mutation TriggerIngest($input: TriggerIngestInput) {\n  triggerIngest(input: $input) {\n    runs {\n      id\n      source\n      status\n      recordsRead\n      recordsWritten\n      recordsRejected\n      error {\n        code\n        message\n      }\n    }\n  }\n}": typeof types.TriggerIngestDocument,
    "query UtmPerformance($range: DateRangeInput!, $where: MetricsWhere, $first: Int = 100, $after: String) {\n  metrics(\n    dateRange: $range\n    groupBy: [UTM_CAMPAIGN, UTM_SOURCE, UTM_MEDIUM]\n    where: $where\n    orderBy: [{measure: COST, direction: DESC}]\n    first: $first\n    after: $after\n  ) {\n    nodes {\n      utmCampaign\n      utmSource\n      utmMedium\n      ...Performance\n    }\n    totalCount\n    pageInfo {\n      endCursor\n      hasNextPage\n    }\n  }\n}": typeof types.UtmPerformanceDocument,
};
const documents: Documents = {
    "query AttributionQuality($range: DateRangeInput!) {\n  metrics(\n    dateRange: $range\n    groupBy: [MATCH]\n    orderBy: [{measure: LEADS, direction: DESC}]\n  ) {\n    nodes {\n      match\n      leads\n      opportunities\n      closedWon\n      revenue\n    }\n    totals {\n      leads\n      revenue\n    }\n  }\n}": types.AttributionQualityDocument,
    "query CampaignPerformance($range: DateRangeInput!, $where: MetricsWhere, $first: Int = 50, $after: String) {\n  metrics(\n    dateRange: $range\n    groupBy: [CHANNEL, CAMPAIGN_ID]\n    where: $where\n    orderBy: [{measure: COST, direction: DESC}]\n    first: $first\n    after: $after\n  ) {\n    nodes {\n      channel\n      campaignId\n      ...Performance\n    }\n    totalCount\n    pageInfo {\n      endCursor\n      hasNextPage\n    }\n  }\n}": types.CampaignPerformanceDocument,
    "query ChannelPerformance($range: DateRangeInput!, $where: MetricsWhere, $first: Int = 50) {\n  metrics(\n    dateRange: $range\n    groupBy: [CHANNEL]\n    where: $where\n    orderBy: [{measure: COST, direction: DESC}]\n    first: $first\n  ) {\n    nodes {\n      channel\n      ...Performance\n    }\n    totals {\n      ...PerformanceTotals\n    }\n    totalCount\n    meta {\n      from\n      to\n      freshness\n    }\n  }\n}": types.ChannelPerformanceDocument,
    "query IngestRunState($id: ID!) {\n  ingestRun(id: $id) {\n    id\n    source\n    status\n    recordsWritten\n    recordsRejected\n    durationMs\n    error {\n      code\n      message\n    }\n  }\n}": types.IngestRunStateDocument,
    "query IngestStatus($source: String, $status: IngestRunStatus, $first: Int = 20) {\n  ingestRuns(source: $source, status: $status, first: $first) {\n    id\n    source\n    status\n    startedAt\n    durationMs\n    recordsRead\n    recordsWritten\n    recordsSkipped\n    recordsRejected\n    error {\n      code\n      message\n    }\n  }\n}": types.IngestStatusDocument,
    "query IngestWorkspaces {\n  ingestWorkspaces {\n    name\n    sources\n  }\n}": types.IngestWorkspacesDocument,
    "query Overview($range: DateRangeInput!, $compared: DateRangeInput!, $where: MetricsWhere) {\n  current: metrics(dateRange: $range, where: $where) {\n    totals {\n      ...PerformanceTotals\n    }\n    meta {\n      from\n      to\n      freshness\n    }\n  }\n  compared: metrics(dateRange: $compared, where: $where) {\n    totals {\n      ...PerformanceTotals\n    }\n    meta {\n      from\n      to\n    }\n  }\n  channels: metrics(\n    dateRange: $range\n    groupBy: [CHANNEL]\n    where: $where\n    orderBy: [{measure: COST, direction: DESC}]\n    first: 10\n  ) {\n    nodes {\n      channel\n      cost\n      leads\n      revenue\n      roas\n    }\n  }\n}": types.OverviewDocument,
    "query PerformanceOverTime($range: DateRangeInput!, $granularity: Granularity = DAY, $weekStart: Weekday = MONDAY, $where: MetricsWhere, $first: Int = 1000) {\n  metrics(\n    dateRange: $range\n    groupBy: [DATE]\n    granularity: $granularity\n    weekStart: $weekStart\n    where: $where\n    orderBy: [{dimension: DATE}]\n    first: $first\n  ) {\n    nodes {\n      date\n      ...Performance\n    }\n    totals {\n      ...PerformanceTotals\n    }\n  }\n}": types.PerformanceOverTimeDocument,
    "fragment Performance on MetricsNode {\n  impressions\n  clicks\n  cost\n  leads\n  opportunities\n  closedWon\n  revenue\n  cpc\n  cpa\n  cvrClickToLead\n  cvrLeadToOpp\n  cvrOppToWon\n  roas\n}\n\nfragment PerformanceTotals on MetricsTotals {\n  impressions\n  clicks\n  cost\n  leads\n  opportunities\n  closedWon\n  revenue\n  cpc\n  cpa\n  cvrClickToLead\n  cvrLeadToOpp\n  cvrOppToWon\n  roas\n}": types.PerformanceFragmentDoc,
    "mutation TriggerIngest($input: TriggerIngestInput) {\n  triggerIngest(input: $input) {\n    runs {\n      id\n      source\n      status\n      recordsRead\n      recordsWritten\n      recordsRejected\n      error {\n        code\n        message\n      }\n    }\n  }\n}": types.TriggerIngestDocument,
    "query UtmPerformance($range: DateRangeInput!, $where: MetricsWhere, $first: Int = 100, $after: String) {\n  metrics(\n    dateRange: $range\n    groupBy: [UTM_CAMPAIGN, UTM_SOURCE, UTM_MEDIUM]\n    where: $where\n    orderBy: [{measure: COST, direction: DESC}]\n    first: $first\n    after: $after\n  ) {\n    nodes {\n      utmCampaign\n      utmSource\n      utmMedium\n      ...Performance\n    }\n    totalCount\n    pageInfo {\n      endCursor\n      hasNextPage\n    }\n  }\n}": types.UtmPerformanceDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query AttributionQuality($range: DateRangeInput!) {\n  metrics(\n    dateRange: $range\n    groupBy: [MATCH]\n    orderBy: [{measure: LEADS, direction: DESC}]\n  ) {\n    nodes {\n      match\n      leads\n      opportunities\n      closedWon\n      revenue\n    }\n    totals {\n      leads\n      revenue\n    }\n  }\n}"): (typeof documents)["query AttributionQuality($range: DateRangeInput!) {\n  metrics(\n    dateRange: $range\n    groupBy: [MATCH]\n    orderBy: [{measure: LEADS, direction: DESC}]\n  ) {\n    nodes {\n      match\n      leads\n      opportunities\n      closedWon\n      revenue\n    }\n    totals {\n      leads\n      revenue\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query CampaignPerformance($range: DateRangeInput!, $where: MetricsWhere, $first: Int = 50, $after: String) {\n  metrics(\n    dateRange: $range\n    groupBy: [CHANNEL, CAMPAIGN_ID]\n    where: $where\n    orderBy: [{measure: COST, direction: DESC}]\n    first: $first\n    after: $after\n  ) {\n    nodes {\n      channel\n      campaignId\n      ...Performance\n    }\n    totalCount\n    pageInfo {\n      endCursor\n      hasNextPage\n    }\n  }\n}"): (typeof documents)["query CampaignPerformance($range: DateRangeInput!, $where: MetricsWhere, $first: Int = 50, $after: String) {\n  metrics(\n    dateRange: $range\n    groupBy: [CHANNEL, CAMPAIGN_ID]\n    where: $where\n    orderBy: [{measure: COST, direction: DESC}]\n    first: $first\n    after: $after\n  ) {\n    nodes {\n      channel\n      campaignId\n      ...Performance\n    }\n    totalCount\n    pageInfo {\n      endCursor\n      hasNextPage\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query ChannelPerformance($range: DateRangeInput!, $where: MetricsWhere, $first: Int = 50) {\n  metrics(\n    dateRange: $range\n    groupBy: [CHANNEL]\n    where: $where\n    orderBy: [{measure: COST, direction: DESC}]\n    first: $first\n  ) {\n    nodes {\n      channel\n      ...Performance\n    }\n    totals {\n      ...PerformanceTotals\n    }\n    totalCount\n    meta {\n      from\n      to\n      freshness\n    }\n  }\n}"): (typeof documents)["query ChannelPerformance($range: DateRangeInput!, $where: MetricsWhere, $first: Int = 50) {\n  metrics(\n    dateRange: $range\n    groupBy: [CHANNEL]\n    where: $where\n    orderBy: [{measure: COST, direction: DESC}]\n    first: $first\n  ) {\n    nodes {\n      channel\n      ...Performance\n    }\n    totals {\n      ...PerformanceTotals\n    }\n    totalCount\n    meta {\n      from\n      to\n      freshness\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query IngestRunState($id: ID!) {\n  ingestRun(id: $id) {\n    id\n    source\n    status\n    recordsWritten\n    recordsRejected\n    durationMs\n    error {\n      code\n      message\n    }\n  }\n}"): (typeof documents)["query IngestRunState($id: ID!) {\n  ingestRun(id: $id) {\n    id\n    source\n    status\n    recordsWritten\n    recordsRejected\n    durationMs\n    error {\n      code\n      message\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query IngestStatus($source: String, $status: IngestRunStatus, $first: Int = 20) {\n  ingestRuns(source: $source, status: $status, first: $first) {\n    id\n    source\n    status\n    startedAt\n    durationMs\n    recordsRead\n    recordsWritten\n    recordsSkipped\n    recordsRejected\n    error {\n      code\n      message\n    }\n  }\n}"): (typeof documents)["query IngestStatus($source: String, $status: IngestRunStatus, $first: Int = 20) {\n  ingestRuns(source: $source, status: $status, first: $first) {\n    id\n    source\n    status\n    startedAt\n    durationMs\n    recordsRead\n    recordsWritten\n    recordsSkipped\n    recordsRejected\n    error {\n      code\n      message\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query IngestWorkspaces {\n  ingestWorkspaces {\n    name\n    sources\n  }\n}"): (typeof documents)["query IngestWorkspaces {\n  ingestWorkspaces {\n    name\n    sources\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Overview($range: DateRangeInput!, $compared: DateRangeInput!, $where: MetricsWhere) {\n  current: metrics(dateRange: $range, where: $where) {\n    totals {\n      ...PerformanceTotals\n    }\n    meta {\n      from\n      to\n      freshness\n    }\n  }\n  compared: metrics(dateRange: $compared, where: $where) {\n    totals {\n      ...PerformanceTotals\n    }\n    meta {\n      from\n      to\n    }\n  }\n  channels: metrics(\n    dateRange: $range\n    groupBy: [CHANNEL]\n    where: $where\n    orderBy: [{measure: COST, direction: DESC}]\n    first: 10\n  ) {\n    nodes {\n      channel\n      cost\n      leads\n      revenue\n      roas\n    }\n  }\n}"): (typeof documents)["query Overview($range: DateRangeInput!, $compared: DateRangeInput!, $where: MetricsWhere) {\n  current: metrics(dateRange: $range, where: $where) {\n    totals {\n      ...PerformanceTotals\n    }\n    meta {\n      from\n      to\n      freshness\n    }\n  }\n  compared: metrics(dateRange: $compared, where: $where) {\n    totals {\n      ...PerformanceTotals\n    }\n    meta {\n      from\n      to\n    }\n  }\n  channels: metrics(\n    dateRange: $range\n    groupBy: [CHANNEL]\n    where: $where\n    orderBy: [{measure: COST, direction: DESC}]\n    first: 10\n  ) {\n    nodes {\n      channel\n      cost\n      leads\n      revenue\n      roas\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query PerformanceOverTime($range: DateRangeInput!, $granularity: Granularity = DAY, $weekStart: Weekday = MONDAY, $where: MetricsWhere, $first: Int = 1000) {\n  metrics(\n    dateRange: $range\n    groupBy: [DATE]\n    granularity: $granularity\n    weekStart: $weekStart\n    where: $where\n    orderBy: [{dimension: DATE}]\n    first: $first\n  ) {\n    nodes {\n      date\n      ...Performance\n    }\n    totals {\n      ...PerformanceTotals\n    }\n  }\n}"): (typeof documents)["query PerformanceOverTime($range: DateRangeInput!, $granularity: Granularity = DAY, $weekStart: Weekday = MONDAY, $where: MetricsWhere, $first: Int = 1000) {\n  metrics(\n    dateRange: $range\n    groupBy: [DATE]\n    granularity: $granularity\n    weekStart: $weekStart\n    where: $where\n    orderBy: [{dimension: DATE}]\n    first: $first\n  ) {\n    nodes {\n      date\n      ...Performance\n    }\n    totals {\n      ...PerformanceTotals\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "fragment Performance on MetricsNode {\n  impressions\n  clicks\n  cost\n  leads\n  opportunities\n  closedWon\n  revenue\n  cpc\n  cpa\n  cvrClickToLead\n  cvrLeadToOpp\n  cvrOppToWon\n  roas\n}\n\nfragment PerformanceTotals on MetricsTotals {\n  impressions\n  clicks\n  cost\n  leads\n  opportunities\n  closedWon\n  revenue\n  cpc\n  cpa\n  cvrClickToLead\n  cvrLeadToOpp\n  cvrOppToWon\n  roas\n}"): (typeof documents)["fragment Performance on MetricsNode {\n  impressions\n  clicks\n  cost\n  leads\n  opportunities\n  closedWon\n  revenue\n  cpc\n  cpa\n  cvrClickToLead\n  cvrLeadToOpp\n  cvrOppToWon\n  roas\n}\n\nfragment PerformanceTotals on MetricsTotals {\n  impressions\n  clicks\n  cost\n  leads\n  opportunities\n  closedWon\n  revenue\n  cpc\n  cpa\n  cvrClickToLead\n  cvrLeadToOpp\n  cvrOppToWon\n  roas\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation TriggerIngest($input: TriggerIngestInput) {\n  triggerIngest(input: $input) {\n    runs {\n      id\n      source\n      status\n      recordsRead\n      recordsWritten\n      recordsRejected\n      error {\n        code\n        message\n      }\n    }\n  }\n}"): (typeof documents)["mutation TriggerIngest($input: TriggerIngestInput) {\n  triggerIngest(input: $input) {\n    runs {\n      id\n      source\n      status\n      recordsRead\n      recordsWritten\n      recordsRejected\n      error {\n        code\n        message\n      }\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query UtmPerformance($range: DateRangeInput!, $where: MetricsWhere, $first: Int = 100, $after: String) {\n  metrics(\n    dateRange: $range\n    groupBy: [UTM_CAMPAIGN, UTM_SOURCE, UTM_MEDIUM]\n    where: $where\n    orderBy: [{measure: COST, direction: DESC}]\n    first: $first\n    after: $after\n  ) {\n    nodes {\n      utmCampaign\n      utmSource\n      utmMedium\n      ...Performance\n    }\n    totalCount\n    pageInfo {\n      endCursor\n      hasNextPage\n    }\n  }\n}"): (typeof documents)["query UtmPerformance($range: DateRangeInput!, $where: MetricsWhere, $first: Int = 100, $after: String) {\n  metrics(\n    dateRange: $range\n    groupBy: [UTM_CAMPAIGN, UTM_SOURCE, UTM_MEDIUM]\n    where: $where\n    orderBy: [{measure: COST, direction: DESC}]\n    first: $first\n    after: $after\n  ) {\n    nodes {\n      utmCampaign\n      utmSource\n      utmMedium\n      ...Performance\n    }\n    totalCount\n    pageInfo {\n      endCursor\n      hasNextPage\n    }\n  }\n}"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;