-- Rejected records end: their keys are stored later, or somebody dismisses them.
-- Read by `rejectedRecords`, by runs and pushes that store such keys, and by the next reject of the same record.
ALTER TABLE rejected_records
    ADD COLUMN IF NOT EXISTS record_key        String COMMENT 'What the record is known by, else a hash of its text; empty in rows from before there was one',
    ADD COLUMN IF NOT EXISTS state             LowCardinality(String) DEFAULT 'open' COMMENT 'open, resolved or dismissed',
    ADD COLUMN IF NOT EXISTS times             UInt32 DEFAULT 1 COMMENT 'Runs in a row that rejected it for this reason',
    ADD COLUMN IF NOT EXISTS first_rejected_at DateTime64(3, 'UTC') DEFAULT rejected_at,
    ADD COLUMN IF NOT EXISTS settled_at        DateTime64(3, 'UTC') COMMENT 'When it ended; 1970 while it is open',
    ADD COLUMN IF NOT EXISTS settled_by        String COMMENT 'The run that stored its key, or who dismissed it or tried it again';
