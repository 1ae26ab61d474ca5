-- What ad platforms report as conversions, beside what the CRM says. Rollups hold their sums.
-- Read by `metrics` and `adPerformance`.
ALTER TABLE ad_performance
    ADD COLUMN IF NOT EXISTS conversions      Decimal(18, 6) COMMENT 'As the platform attributes them: they can be fractions',
    ADD COLUMN IF NOT EXISTS conversion_value Decimal(18, 6) COMMENT 'In `currency`';
ALTER TABLE staged_ad_performance
    ADD COLUMN IF NOT EXISTS conversions      Decimal(18, 6),
    ADD COLUMN IF NOT EXISTS conversion_value Decimal(18, 6);
ALTER TABLE rollup_sums
    ADD COLUMN IF NOT EXISTS conversions      Decimal(38, 6),
    ADD COLUMN IF NOT EXISTS conversion_value Decimal(38, 6);
