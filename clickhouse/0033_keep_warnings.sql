-- What is to mind about a run: rows that it folded away, the columns of its feed, sentences.
-- Read by `meta { warnings }`, by `ingestSources`, and by the next run of the source, which compares its own columns.
ALTER TABLE ingest_runs
    ADD COLUMN IF NOT EXISTS folded Map(Date, UInt64) COMMENT 'By day: rows that gave way to another of their key',
    ADD COLUMN IF NOT EXISTS columns Map(String, Float64) COMMENT 'Share of records with a value, by column; of a sample where there are many records',
    ADD COLUMN IF NOT EXISTS warnings Array(String) COMMENT 'Sentences';
