-- The shape of a feed: which columns a run has seen and how often they had a value, and what was to mind about it.
-- Read by `ingestSources`, and by the next run of the source, which compares its own columns.
ALTER TABLE ingest_runs
    ADD COLUMN IF NOT EXISTS columns Map(String, Float64) COMMENT 'Share of records with a value, by column; of a sample where there are many records',
    ADD COLUMN IF NOT EXISTS warnings Array(String) COMMENT 'Sentences';
