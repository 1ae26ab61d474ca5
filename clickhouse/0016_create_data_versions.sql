-- When each process last changed the data of a workspace, so that the others give no older answers from their caches.
-- ORDER BY serves their look, every second while they are asked: the table has a row or two for each process and workspace.
CREATE TABLE IF NOT EXISTS data_versions
(
    workspace  LowCardinality(String),
    owner      String COMMENT 'The process',
    changed_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree(changed_at)
ORDER BY (workspace, owner)
TTL toDateTime(changed_at) + INTERVAL 2 DAY;
