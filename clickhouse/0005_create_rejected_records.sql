-- Records that could not be stored, whole, with the reason.
-- ORDER BY serves `rejectedRecords`: a workspace's rejects of some days, by run.
CREATE TABLE IF NOT EXISTS rejected_records
(
    workspace   LowCardinality(String),
    date        Date COMMENT 'Day of the rejection, UTC',
    run_id      UUID,
    position    UInt64 COMMENT 'Which record of the feed, from 1',
    source      LowCardinality(String),
    kind        LowCardinality(String) COMMENT 'ad_performance, opportunity or event',
    reason      LowCardinality(String),
    field       LowCardinality(String),
    detail      String COMMENT 'The reason in a sentence',
    record      String COMMENT 'As it came',
    rejected_at DateTime64(3, 'UTC'),
    version     UInt64,
    is_deleted  UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY date
ORDER BY (date, workspace, run_id, position)
TTL date + INTERVAL 540 DAY
SETTINGS ttl_only_drop_parts = 1;
