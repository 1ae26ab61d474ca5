-- What a pulled feed has sent, in whatever order of days, until the run has ended and its difference to what is stored is
-- written. One partition a run: dropped whole when the run is over, and by TTL when nobody could.
-- ORDER BY serves that difference, which is worked out for some days at a time. Parts are never merged: they live for minutes.
CREATE TABLE IF NOT EXISTS staged_ad_performance
(
    run_id        UUID,
    position      UInt64 COMMENT 'Which record of the feed, from 1',
    staged_at     DateTime('UTC') DEFAULT now(),
    date          Date,
    channel       LowCardinality(String),
    campaign_id   String,
    ad_group_id   String,
    ad_id         String,
    utm_campaign  LowCardinality(String),
    utm_source    LowCardinality(String),
    utm_medium    LowCardinality(String),
    utm_content   LowCardinality(String),
    utm_term      LowCardinality(String),
    currency      LowCardinality(String),
    clicks        UInt64,
    impressions   UInt64,
    cost          Decimal(18, 6),
    extra         String,
    updated       UInt64 COMMENT 'Microseconds: when the source last changed the row; 0 where it does not say',
    row_key       UInt64 MATERIALIZED sipHash64(channel, campaign_id, ad_group_id, ad_id, utm_campaign, utm_source,
                                                utm_medium, utm_content, utm_term, currency)
                  COMMENT 'As in ad_performance; worked out here, while the feed is still being read'
)
ENGINE = MergeTree
PARTITION BY run_id
ORDER BY date
TTL staged_at + INTERVAL 2 DAY
SETTINGS ttl_only_drop_parts = 1, max_bytes_to_merge_at_max_space_in_pool = 1, max_bytes_to_merge_at_min_space_in_pool = 1,
         parts_to_delay_insert = 50000, parts_to_throw_insert = 50000;

CREATE TABLE IF NOT EXISTS staged_opportunities
(
    run_id         UUID,
    position       UInt64 COMMENT 'Which record of the feed, from 1',
    staged_at      DateTime('UTC') DEFAULT now(),
    date           Date,
    opportunity_id String,
    created_at     DateTime64(3, 'UTC'),
    stage          Enum8('lead' = 0, 'opportunity' = 1, 'closed_won' = 2, 'closed_lost' = 3),
    stage_name     LowCardinality(String),
    amount         Decimal(18, 6),
    currency       LowCardinality(String),
    contact_hash   String,
    utm_campaign   LowCardinality(String),
    utm_source     LowCardinality(String),
    utm_medium     LowCardinality(String),
    utm_content    LowCardinality(String),
    utm_term       LowCardinality(String),
    extra          String,
    updated        UInt64 COMMENT 'Microseconds: when the CRM last changed the record; 0 where it does not say',
    id_key         FixedString(16) MATERIALIZED sipHash128(opportunity_id) COMMENT 'Stands for the id where rows are compared'
)
ENGINE = MergeTree
PARTITION BY run_id
ORDER BY date
TTL staged_at + INTERVAL 2 DAY
SETTINGS ttl_only_drop_parts = 1, max_bytes_to_merge_at_max_space_in_pool = 1, max_bytes_to_merge_at_min_space_in_pool = 1,
         parts_to_delay_insert = 50000, parts_to_throw_insert = 50000;

-- What is to become of each record of a CRM feed, on the day that it is to be written to: a record can change two days, so this
-- is worked out once for the whole feed and then written by day.
-- ORDER BY serves that: some days at a time.
CREATE TABLE IF NOT EXISTS planned_opportunities
(
    run_id         UUID,
    planned_at     DateTime('UTC') DEFAULT now(),
    date           Date,
    change         Enum8('added' = 1, 'changed' = 2, 'moved' = 3, 'removed' = 4, 'unchanged' = 5, 'outdated' = 6, 'superseded' = 7, 'elsewhere' = 8)
                   COMMENT 'elsewhere: stored on another day than the feed says; moved: such a row that is to be deleted',
    id_key         FixedString(16),
    position       UInt64 COMMENT 'The staged row; 0 for stored ones',
    opportunity_id String COMMENT 'Of stored rows',
    is_rival       UInt8 COMMENT 'Of stored rows: a newer version of it wins over the feed',
    channel        LowCardinality(String),
    campaign_id    String,
    match          LowCardinality(String),
    version        UInt64
)
ENGINE = MergeTree
PARTITION BY run_id
ORDER BY date
TTL planned_at + INTERVAL 2 DAY
SETTINGS ttl_only_drop_parts = 1, max_bytes_to_merge_at_max_space_in_pool = 1, max_bytes_to_merge_at_min_space_in_pool = 1,
         parts_to_delay_insert = 50000, parts_to_throw_insert = 50000;
