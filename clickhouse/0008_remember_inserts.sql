-- ClickHouse remembers the tokens of so many of the last inserted parts of a table, over all its partitions, so that an INSERT
-- that is sent again (its answer was lost) stores nothing. One INSERT makes up to 90 parts: this is room for a hundred of the
-- widest ones in flight or waiting for their repeat. An entry takes about 200 bytes of memory.
ALTER TABLE ad_performance MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE opportunities MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE events MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE rejected_records MODIFY SETTING non_replicated_deduplication_window = 10000;
