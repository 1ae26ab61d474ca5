-- Where a rejected record stood: a run of pushed records gathers many requests, each with lines of its own.
-- Read by `rejectedRecords`.
ALTER TABLE rejected_records
    ADD COLUMN IF NOT EXISTS line       UInt64 DEFAULT position COMMENT 'Which record of its feed or body, from 1; in NDJSON the line',
    ADD COLUMN IF NOT EXISTS request_id String COMMENT 'X-Request-Id of the call that brought it';
ALTER TABLE rejected_records MODIFY SETTING non_replicated_deduplication_window = 1000;
