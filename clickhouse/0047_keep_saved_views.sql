-- What people have saved of the dashboard, and the links by which others see it. Neither has a figure: a view is an address, a link is
-- questions that are asked each time that it is opened. Neither is partitioned or has a TTL: a workspace has at most 500 views.
-- ORDER BY serves `savedViews` and the look for the home view: all views of a workspace, FINAL.
CREATE TABLE IF NOT EXISTS saved_views
(
    workspace  LowCardinality(String),
    view_id    UUID,
    name       String,
    address    String COMMENT 'Path and query of a page of the dashboard' CODEC(ZSTD),
    owner_id   String COMMENT 'The caller who saved it first',
    owner_name String,
    is_home    UInt8 COMMENT '1: `/` leads there. Of one view in a workspace at most',
    created_at DateTime64(3, 'UTC'),
    updated_at DateTime64(3, 'UTC'),
    version    UInt64 COMMENT 'Grows with each change. The highest wins',
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (workspace, view_id);
-- A link names its row and no workspace, and is looked up each time that something is asked by it.
-- ORDER BY serves that look: one row, FINAL. `shareLinks` reads the others of its workspace, too, which are few.
CREATE TABLE IF NOT EXISTS share_links
(
    link_id    UUID,
    workspace  LowCardinality(String),
    view_id    UUID,
    name       String COMMENT 'Of the view, when it was shared',
    address    String COMMENT 'Of the view, when it was shared' CODEC(ZSTD),
    questions  String COMMENT 'JSON: what the link answers, each a document of the manifest with its variables' CODEC(ZSTD),
    creator    String COMMENT 'JSON: who shared it, and what they might see. The link ends with their key' CODEC(ZSTD),
    created_at DateTime64(3, 'UTC'),
    expires_at DateTime64(3, 'UTC'),
    version    UInt64 COMMENT 'Grows with each change. The highest wins',
    is_deleted UInt8 COMMENT '1: it was revoked, or its view was deleted'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY link_id;
