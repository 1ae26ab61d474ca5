-- When CRM records were closed, so that revenue can stand on the day it was won.
-- Read by `metrics` and `funnel` with `crmDate: CLOSED`, which look at all days: a record stays on the day that it was created.
ALTER TABLE opportunities
    ADD COLUMN IF NOT EXISTS closed_at  DateTime64(3, 'UTC') COMMENT '1970 where the CRM does not say',
    ADD COLUMN IF NOT EXISTS closed_day Date COMMENT 'Day of closed_at in REPORTING_TIMEZONE; 1970-01-01 where the CRM does not say';
ALTER TABLE staged_opportunities
    ADD COLUMN IF NOT EXISTS closed_at  DateTime64(3, 'UTC'),
    ADD COLUMN IF NOT EXISTS closed_day Date;
