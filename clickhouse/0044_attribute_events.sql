-- The (channel, campaign) of each day and UTM set that events have. Events are attributed by these and not one by one: a million events
-- of a day have some thousand sets. A set of stored events without a row has not been looked at yet.
-- ORDER BY serves attribution and `metrics` over events: whole days of one workspace, FINAL.
CREATE TABLE IF NOT EXISTS event_attributions
(
    workspace    LowCardinality(String),
    date         Date,
    utm_campaign LowCardinality(String),
    utm_source   LowCardinality(String),
    utm_medium   LowCardinality(String),
    channel      LowCardinality(String) COMMENT 'Empty when unattributed',
    campaign_id  String COMMENT 'Empty when unattributed',
    match        LowCardinality(String) COMMENT 'EXACT, WINDOW, CAMPAIGN or UNATTRIBUTED',
    version      UInt64 COMMENT 'One more each time that the set is attributed otherwise. The highest wins'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY date
ORDER BY (date, workspace, utm_campaign, utm_source, utm_medium)
TTL date + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1;
