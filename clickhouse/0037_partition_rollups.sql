-- Sums of ads rows and CRM records over sets of dimensions, by day and by month, in place of `rollups`: a question reads one set,
-- so that a set is a partition of its own; and a year, not a month, so that a question over a year opens two parts and not
-- thirteen (measured over 10 million rows: a third of the processor time). The program builds them anew, and answers from rows
-- until then.
-- The name differs, so that a process of an earlier version never reads sums that it has not built. `rollups` stays: the user
-- that utmql works as need not have the right to drop tables, and a process of an earlier version may still read it.
-- Which rows count is said by `rollup_days` alone: a build writes rows under a number of its own first, and its number
-- there last. So a reader never sees half a build, and what a build left behind that broke off counts for nothing.
-- Without a TTL: rows must not go while `rollup_days` has their build. The program deletes them after that.
-- ORDER BY serves `metrics`: one workspace, then by day; `lead` holds the dimension that a set is looked up by (the campaign),
-- empty where there is none.
CREATE TABLE IF NOT EXISTS rollup_sums
(
    rollup         LowCardinality(String) COMMENT 'The set of dimensions; columns of other dimensions are empty',
    period         Enum8('day' = 0, 'month' = 1),
    workspace      LowCardinality(String),
    lead           String,
    date           Date COMMENT 'The day, or the first day of the month',
    built          UInt64 COMMENT 'Number of the build',
    channel        LowCardinality(String),
    campaign_id    String,
    ad_group_id    String,
    ad_id          String,
    utm_campaign   LowCardinality(String),
    utm_source     LowCardinality(String),
    utm_medium     LowCardinality(String),
    utm_content    LowCardinality(String),
    utm_term       LowCardinality(String),
    currency       LowCardinality(String),
    match          LowCardinality(String),
    ads_rows       UInt64 COMMENT 'Ads rows that are summed here',
    impressions    UInt64,
    clicks         UInt64,
    cost           Decimal(38, 6),
    leads          UInt64,
    opportunities  UInt64,
    closed_won     UInt64,
    revenue        Decimal(38, 6)
)
ENGINE = MergeTree
PARTITION BY (rollup, toYear(date))
ORDER BY (period, workspace, lead, date, built)
SETTINGS index_granularity = 1024;
