-- Repeats of an INSERT of pushed events are recognised by its token: as many tokens a day are kept as hours of batches make.
-- The bloom filter serves `events(eventId)`: one event of any day.
ALTER TABLE events ADD INDEX IF NOT EXISTS event_id event_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE events MODIFY SETTING non_replicated_deduplication_window = 1000;
