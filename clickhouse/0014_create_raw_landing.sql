-- What sources sent, byte for byte, in chunks: `replayRun` reads a run again after a rule has changed.
-- ORDER BY serves `replayRun`: one run's pages and chunks in their order, a chunk at a time; hence the small granules.
CREATE TABLE IF NOT EXISTS raw_landing
(
    workspace    LowCardinality(String),
    date         Date COMMENT 'Day of the run, UTC',
    run_id       UUID,
    attempt      UInt8 COMMENT 'A run that was begun again after a crash lands its pages again',
    page         UInt32,
    chunk        UInt32,
    source       LowCardinality(String),
    content_type LowCardinality(String),
    body         String CODEC(ZSTD(1)),
    version      UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY date
ORDER BY (date, workspace, run_id, attempt, page, chunk)
TTL date + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1, index_granularity = 8, index_granularity_bytes = 4194304;
