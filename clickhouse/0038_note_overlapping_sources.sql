-- Records of other sources whose place a run took: two sources with the same keys overwrite each other.
-- Read by `dataQuality { overlappingSources }`.
ALTER TABLE ingest_runs
    ADD COLUMN IF NOT EXISTS overwritten         Map(Date, UInt64) COMMENT 'By day: records with a key that another configured source, or a push, had stored',
    ADD COLUMN IF NOT EXISTS overwritten_sources Array(String) COMMENT 'These sources';
