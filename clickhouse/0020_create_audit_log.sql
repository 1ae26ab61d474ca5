-- Who did what: mutations, admin queries, attempts that were denied, changes of API keys. No personal data.
-- ORDER BY serves `auditLog`: a workspace's entries of some days. A row that was sent twice is one, by its id.
CREATE TABLE IF NOT EXISTS audit_log
(
    workspace   LowCardinality(String) COMMENT 'Empty: nobody knows whose, such as an attempt without a key',
    date        Date COMMENT 'Day of the entry, UTC',
    audit_id    UUID,
    at          DateTime64(3, 'UTC'),
    kind        LowCardinality(String) COMMENT 'mutation, query, denied or key',
    action      LowCardinality(String) COMMENT 'Name of the field, path of the endpoint, or created, revoked or changed for a key',
    outcome     LowCardinality(String) COMMENT 'ok, or the code of the error',
    caller_id   String,
    caller_name String,
    role        LowCardinality(String),
    request_id  String,
    duration_ms Float64,
    attempts    UInt64 COMMENT 'How many of one kind it stands for',
    details     String COMMENT 'JSON: ids, names of sources, modes and counts' CODEC(ZSTD),
    version     UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY date
ORDER BY (date, workspace, audit_id)
TTL date + INTERVAL 365 DAY
SETTINGS ttl_only_drop_parts = 1;
