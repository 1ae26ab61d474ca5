-- Numbers of ads rows that have no column of their own (video views, likes): what sources name as `extra_measures`.
-- Read by own measures of `metrics` and by `adPerformance`. Rollups do not have them.
ALTER TABLE ad_performance
    ADD COLUMN IF NOT EXISTS extra_measures Map(LowCardinality(String), Decimal(18, 6)) COMMENT 'Names in order, none of them 0';
ALTER TABLE staged_ad_performance
    ADD COLUMN IF NOT EXISTS extra_measures Map(LowCardinality(String), Decimal(18, 6));
