-- Anything that happened, at high rate.
-- ORDER BY serves `events(service, from, to)`: one service's events of some days, newest first.
CREATE TABLE IF NOT EXISTS events
(
    workspace    LowCardinality(String),
    date         Date COMMENT 'Day of timestamp in REPORTING_TIMEZONE',
    service      LowCardinality(String),
    timestamp    DateTime64(3, 'UTC'),
    event_id     String,
    message      String,
    metadata     String COMMENT 'JSON',
    utm_campaign LowCardinality(String),
    utm_source   LowCardinality(String),
    utm_medium   LowCardinality(String),
    utm_content  LowCardinality(String),
    utm_term     LowCardinality(String),
    version      UInt64,
    is_deleted   UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY date
ORDER BY (date, workspace, service, timestamp, event_id)
TTL date + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1;
