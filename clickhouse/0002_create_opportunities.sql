-- The current state of each CRM record, with the (channel, campaign) it is attributed to.
-- ORDER BY serves `metrics` and attribution: whole days of one workspace, FINAL. The bloom filter serves the look-up by id
-- that precedes every write (has this record been on another day?).
CREATE TABLE IF NOT EXISTS opportunities
(
    workspace      LowCardinality(String),
    date           Date COMMENT 'Day of created_at in REPORTING_TIMEZONE',
    opportunity_id String,
    created_at     DateTime64(3, 'UTC'),
    stage          Enum8('lead' = 0, 'opportunity' = 1, 'closed_won' = 2, 'closed_lost' = 3),
    stage_name     LowCardinality(String) COMMENT 'The stage in the CRM''s own words',
    amount         Decimal(18, 6) COMMENT 'In `currency`',
    currency       LowCardinality(String),
    contact_hash   String COMMENT 'HMAC-SHA256 of the contact''s e-mail address, hex; empty without one',
    utm_campaign   LowCardinality(String),
    utm_source     LowCardinality(String),
    utm_medium     LowCardinality(String),
    utm_content    LowCardinality(String),
    utm_term       LowCardinality(String),
    channel        LowCardinality(String) COMMENT 'Attributed; empty when unattributed',
    campaign_id    String COMMENT 'Attributed; empty when unattributed',
    match          LowCardinality(String) COMMENT 'EXACT, WINDOW, CAMPAIGN or UNATTRIBUTED',
    source         LowCardinality(String),
    version        UInt64 COMMENT 'Microseconds: when the record was true. The highest wins',
    is_deleted     UInt8,
    INDEX opportunity_id opportunity_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY date
ORDER BY (date, workspace, opportunity_id)
TTL date + INTERVAL 540 DAY
SETTINGS ttl_only_drop_parts = 1;
