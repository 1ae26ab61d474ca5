-- What pushes with an Idempotency-Key were answered, so that a repeat is answered the same and does nothing.
-- ORDER BY serves the look-up of one key before such a push; a key is remembered for two days.
CREATE TABLE IF NOT EXISTS push_answers
(
    workspace       LowCardinality(String),
    date            Date COMMENT 'Day of the answer, UTC',
    idempotency_key String,
    content_hash    String COMMENT 'SHA-256 of what was pushed, hex',
    answer          String COMMENT 'JSON' CODEC(ZSTD),
    version         UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY date
ORDER BY (date, workspace, idempotency_key)
TTL date + INTERVAL 2 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;
