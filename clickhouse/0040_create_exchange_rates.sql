-- Exchange rates by day: what one unit of `base` was worth in `quote`.
-- Partitioned by year, not by day: the European Central Bank has 31 rates a day, so that 25 years are 25 partitions of some
-- thousand rows, and an INSERT of 90 days touches two. Without a TTL: a year is a megabyte, ads rows of a Sunday need the rate of the
-- Friday before, and who raises DATA_RETENTION_DAYS has the rates of the older days already.
-- ORDER BY serves `metrics` in a currency: the rates of one workspace over a range of days, FINAL.
CREATE TABLE IF NOT EXISTS exchange_rates
(
    workspace  LowCardinality(String),
    date       Date,
    base       LowCardinality(String) COMMENT 'ISO 4217',
    quote      LowCardinality(String) COMMENT 'ISO 4217',
    rate       Decimal(38, 18) COMMENT '1 base = rate quote',
    extra      String COMMENT 'JSON: fields that the contract does not name; empty without any' CODEC(ZSTD),
    source     LowCardinality(String),
    version    UInt64 COMMENT 'Microseconds: when the rate was true. The highest wins',
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYear(date)
ORDER BY (workspace, date, base, quote)
SETTINGS non_replicated_deduplication_window = 1000;

-- What a pulled feed has sent until its difference to what is stored is written; see `staged_ad_performance`.
-- ORDER BY serves that difference, which is worked out for some days at a time.
CREATE TABLE IF NOT EXISTS staged_exchange_rates
(
    run_id    UUID,
    position  UInt64 COMMENT 'Which record of the feed, from 1',
    staged_at DateTime('UTC') DEFAULT now(),
    date      Date,
    base      LowCardinality(String),
    quote     LowCardinality(String),
    rate      Decimal(38, 18),
    extra     String,
    updated   UInt64 COMMENT 'Microseconds: when the source last changed the rate; 0 where it does not say',
    is_unread UInt8 DEFAULT 0 COMMENT '1: only the key of the record could be read; its stored row stays'
)
ENGINE = MergeTree
PARTITION BY run_id
ORDER BY date
TTL staged_at + INTERVAL 2 DAY
SETTINGS ttl_only_drop_parts = 1, max_bytes_to_merge_at_max_space_in_pool = 1, max_bytes_to_merge_at_min_space_in_pool = 1,
         parts_to_delay_insert = 50000, parts_to_throw_insert = 50000;
