-- Dimensions of one's own on ads rows (country, device): part of what a row is known by.
-- ORDER BY serves what it served: `row_key` stays the hash that it was where a row has none, so that stored rows are found and
-- replaced as before.
ALTER TABLE ad_performance
    ADD COLUMN IF NOT EXISTS breakdowns Map(LowCardinality(String), String) COMMENT 'Names in order; empty where the feed has none',
    MODIFY COLUMN row_key UInt64 MATERIALIZED if(empty(breakdowns),
        sipHash64(channel, campaign_id, ad_group_id, ad_id, utm_campaign, utm_source, utm_medium, utm_content, utm_term, currency),
        sipHash64(channel, campaign_id, ad_group_id, ad_id, utm_campaign, utm_source, utm_medium, utm_content, utm_term, currency,
                  mapKeys(breakdowns), mapValues(breakdowns)));
ALTER TABLE staged_ad_performance
    ADD COLUMN IF NOT EXISTS breakdowns Map(LowCardinality(String), String),
    MODIFY COLUMN row_key UInt64 MATERIALIZED if(empty(breakdowns),
        sipHash64(channel, campaign_id, ad_group_id, ad_id, utm_campaign, utm_source, utm_medium, utm_content, utm_term, currency),
        sipHash64(channel, campaign_id, ad_group_id, ad_id, utm_campaign, utm_source, utm_medium, utm_content, utm_term, currency,
                  mapKeys(breakdowns), mapValues(breakdowns)));
