-- The UTM names that the ads rows of each campaign have had. A platform reports the present name for past days, too, when these are
-- pulled again, so the rows themselves forget that a campaign was called otherwise, and its leads carry the earlier name.
-- Neither partitioned nor with a TTL: a campaign has a few rows however many days it runs. `date` is the last day with a name.
-- ORDER BY serves attribution, which reads the names of one workspace by channel and campaign, FINAL.
CREATE TABLE IF NOT EXISTS campaign_names
(
    workspace    LowCardinality(String),
    channel      LowCardinality(String),
    campaign_id  String,
    utm_campaign String,
    utm_source   String,
    utm_medium   String,
    date         Date COMMENT 'Last day with ads rows of this name. The highest wins'
)
ENGINE = ReplacingMergeTree(date)
ORDER BY (workspace, channel, campaign_id, utm_campaign, utm_source, utm_medium);

-- Without FINAL: a row that has been replaced has the name from before.
INSERT INTO campaign_names (workspace, channel, campaign_id, utm_campaign, utm_source, utm_medium, date)
SELECT workspace, channel, campaign_id, utm_campaign, utm_source, utm_medium, max(date)
FROM ad_performance
WHERE NOT is_deleted AND utm_campaign != 'unknown'
GROUP BY workspace, channel, campaign_id, utm_campaign, utm_source, utm_medium
SETTINGS max_execution_time = 0;
