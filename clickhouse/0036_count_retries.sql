-- How often a call has started its source before: repeats of a call start runs again that did not end well.
-- Read with the run. `attempt` stays what it was, the times that one run was begun: a crash begins it at most three times.
ALTER TABLE ingest_runs
    ADD COLUMN IF NOT EXISTS retry UInt32 COMMENT 'Earlier runs of the same idempotency key and source';
