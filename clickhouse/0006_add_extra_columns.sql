-- Fields of a record that its contract does not name, kept aside. Read by who looks at single records; `metrics` never
-- reads them, and where nobody sends any the column is a run of empty texts.
ALTER TABLE ad_performance
    ADD COLUMN IF NOT EXISTS extra String COMMENT 'JSON: fields that the contract does not name; empty without any' CODEC(ZSTD);
ALTER TABLE opportunities
    ADD COLUMN IF NOT EXISTS extra String COMMENT 'JSON: fields that the contract does not name; empty without any' CODEC(ZSTD);
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS extra String COMMENT 'JSON: fields that the contract does not name; empty without any' CODEC(ZSTD);
