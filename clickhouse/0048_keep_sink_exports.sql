-- What a run is of that no source names: of an export its question, by which another process begins it again after a crash.
-- Read with the run.
ALTER TABLE ingest_runs
    ADD COLUMN IF NOT EXISTS question String COMMENT 'JSON: what an export asks. Empty for other runs' CODEC(ZSTD);
-- The newest revision of each exported question. Ids of messages are made of it: the same figures again have the same ids, and figures
-- that go from A to B and back to A have three. It has no figures, no partitions and no TTL: there is a row for each question.
-- ORDER BY serves the look of an export for what was sent before: one row, FINAL.
CREATE TABLE IF NOT EXISTS sink_exports
(
    workspace  LowCardinality(String),
    export_id  String COMMENT 'Of workspace and question',
    revision   UInt64 COMMENT 'Epoch milliseconds, and more than the one before. The highest wins',
    digest     String COMMENT 'Of all pages',
    run_id     UUID COMMENT 'The run that saw these figures first',
    created_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (workspace, export_id);
