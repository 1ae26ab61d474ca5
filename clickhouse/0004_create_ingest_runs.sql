-- One row a run of one source; every change of a run is a newer version of its row.
-- ORDER BY serves `ingestRuns` (a workspace's runs, newest first: ids are UUIDv7, so they sort by time) and `ingestRun(id)`.
CREATE TABLE IF NOT EXISTS ingest_runs
(
    workspace        LowCardinality(String),
    date             Date COMMENT 'Day the run was asked for, UTC',
    run_id           UUID,
    trigger_id       UUID COMMENT 'The triggerIngest call; one call makes a run for each source',
    idempotency_key  String,
    source           LowCardinality(String),
    mode             LowCardinality(String),
    requested_by     String,
    request_id       String,
    since            Nullable(Date),
    until            Nullable(Date),
    status           LowCardinality(String),
    created_at       DateTime64(3, 'UTC'),
    started_at       Nullable(DateTime64(3, 'UTC')),
    finished_at      Nullable(DateTime64(3, 'UTC')),
    records_read     UInt64,
    records_written  UInt64,
    records_skipped  Map(LowCardinality(String), UInt64) COMMENT 'By reason: neither wrong nor stored',
    records_rejected Map(LowCardinality(String), UInt64) COMMENT 'By reason',
    repairs          Map(LowCardinality(String), UInt64) COMMENT 'By kind',
    bytes_read       UInt64,
    error_code       LowCardinality(String),
    error_message    String,
    version          UInt64,
    is_deleted       UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY date
ORDER BY (date, workspace, run_id)
TTL date + INTERVAL 540 DAY
SETTINGS ttl_only_drop_parts = 1;
