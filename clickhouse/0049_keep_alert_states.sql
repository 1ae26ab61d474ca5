-- What each alert of ALERTS_FILE was found to be, and what its webhook has not taken yet: so that restarts and several processes tell of
-- it once. No partitions and no TTL: a workspace has at most 100 alerts.
-- ORDER BY serves `alerts` and the look before each check: all alerts of a workspace, FINAL.
CREATE TABLE IF NOT EXISTS alert_states
(
    workspace      LowCardinality(String),
    name           String,
    state          LowCardinality(String) COMMENT 'ok, firing or unknown',
    is_firing      UInt8 COMMENT '1: it was told of, and its end was not. Stays while the state is unknown',
    since          DateTime64(3, 'UTC') COMMENT 'When it came into this state',
    value          Nullable(Float64) COMMENT 'The figure that was compared; of relative changes the change',
    reason         String COMMENT 'A sentence: why it is unknown',
    checked_at     DateTime64(3, 'UTC'),
    pending        String COMMENT 'JSON: messages that the webhook has not taken yet, oldest first' CODEC(ZSTD),
    delivery_error String COMMENT 'Why the last message was not taken',
    version        UInt64 COMMENT 'Grows with each change. The highest wins'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (workspace, name);
