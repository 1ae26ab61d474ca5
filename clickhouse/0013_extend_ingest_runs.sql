-- What whole ingestion adds to a run: dry runs, replays, repeats after a crash, the watermark.
-- Read by `ingestRuns` and by the start of a run, which looks up the watermark of its source.
ALTER TABLE ingest_runs
    ADD COLUMN IF NOT EXISTS dry_run         UInt8 COMMENT '1: reported what would change and wrote nothing',
    ADD COLUMN IF NOT EXISTS replay_of       String COMMENT 'Id of the run whose landed data it read again',
    ADD COLUMN IF NOT EXISTS owner           String COMMENT 'The process that worked on it',
    ADD COLUMN IF NOT EXISTS overlap_from    Nullable(Date) COMMENT 'First day asked for where the caller named none',
    ADD COLUMN IF NOT EXISTS attempt         UInt8 DEFAULT 1 COMMENT 'Times that it was begun',
    ADD COLUMN IF NOT EXISTS records_changed UInt64 COMMENT 'New or different records',
    ADD COLUMN IF NOT EXISTS records_removed UInt64 COMMENT 'Records deleted by REPLACE',
    ADD COLUMN IF NOT EXISTS unknown_fields  Map(String, UInt64) COMMENT 'By name: fields that no contract names',
    ADD COLUMN IF NOT EXISTS days            Array(Date) COMMENT 'Days that the source returned',
    ADD COLUMN IF NOT EXISTS changes         String COMMENT 'JSON: what a dry run would have changed, by day' CODEC(ZSTD),
    ADD COLUMN IF NOT EXISTS watermark       Nullable(Date) COMMENT 'Up to which day the source is complete';
