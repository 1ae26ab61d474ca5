-- The aliases that the stored attribution of each workspace may have been made by: several while a change of aliases is being followed,
-- or where processes with different aliases attribute. None stands for the usual ones.
-- Neither partitioned nor with a TTL: a row or two for each workspace.
-- ORDER BY serves the look that precedes each attribution, and that at a start or reload: all rows of a workspace, FINAL.
CREATE TABLE IF NOT EXISTS attribution_aliases
(
    workspace  LowCardinality(String),
    digest     String COMMENT 'Hash of the aliases',
    aliases    String COMMENT 'JSON: by column, aliases with their names' CODEC(ZSTD),
    number     UInt64 COMMENT 'The highest number of a workspace has the aliases of the last attribution',
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(number, is_deleted)
ORDER BY (workspace, digest);
