-- Sums of ads rows and CRM records over sets of dimensions, by day and by month, so that `metrics` need not read every row.
-- Which rows count is said by `rollup_days` alone: a build writes rows under a number of its own first, and its number
-- there last. So a reader never sees half a build, and what a build left behind that broke off counts for nothing.
-- Without a TTL: rows must not go while `rollup_days` has their build. The program deletes them after that.
-- ORDER BY serves `metrics`: one set, one workspace, then by day; `lead` holds the dimension that a set is looked up by
-- (the campaign), empty where there is none.
CREATE TABLE IF NOT EXISTS rollups
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
PARTITION BY toYYYYMM(date)
ORDER BY (rollup, period, workspace, lead, date, built)
SETTINGS index_granularity = 1024;

-- For each day and month: the newest build, and what the base tables held when it was made. A day whose tables hold
-- something else by now is read from them.
-- ORDER BY serves the look-up that precedes `metrics`, and the subquery in it.
CREATE TABLE IF NOT EXISTS rollup_days
(
    period      Enum8('day' = 0, 'month' = 1),
    date        Date COMMENT 'The day, or the first day of the month',
    built       UInt64,
    base        UInt64 COMMENT 'Hash of the parts of the base tables on that day, or on the days of that month',
    definition  UInt64 COMMENT 'Hash of the sets that were built'
)
ENGINE = ReplacingMergeTree(built)
PARTITION BY period
ORDER BY (period, date);
