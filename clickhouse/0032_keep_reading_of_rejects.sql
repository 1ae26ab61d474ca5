-- How a push said that it was to be read, so that its rejected records are read again in the same way.
-- Read by `retryRejectedRecords`.
ALTER TABLE rejected_records
    ADD COLUMN IF NOT EXISTS reading String COMMENT 'Of pushes: JSON of the parameters that say how to read them; empty: as the contract has records';
