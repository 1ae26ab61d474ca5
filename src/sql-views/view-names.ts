/** The views that people with SQL read, by their names in the database. */
export const viewNames = ['metrics_daily', 'opportunities_current'] as const;
export type ViewName = (typeof viewNames)[number];

/** The tables that they are made of. */
export const baseTables = ['ad_performance', 'opportunities'] as const;

const shared =
  'workspace, date, channel, campaign_id, utm_campaign, utm_source, utm_medium, utm_content, utm_term, currency, source';

/** The columns of the tables that views can read: nothing of contacts, and nothing that no contract names. */
export const readColumns: Readonly<Record<(typeof baseTables)[number], string>> = {
  ad_performance: `${shared}, ad_group_id, ad_id, breakdowns, impressions, clicks, cost, conversions, conversion_value, extra_measures`,
  opportunities: `${shared}, match, opportunity_id, namespace, created_at, closed_at, closed_day, stage, stage_name, amount`,
};
