-- What a run that would take a lot away needs: whether it waits for somebody's word, and which keys its feed had but nobody could read.
-- Read where a run is begun again after a crash (ingest_runs), and by the difference to what is stored (staged_ad_performance).
ALTER TABLE ingest_runs
    ADD COLUMN IF NOT EXISTS guard UInt8 DEFAULT 1 COMMENT '0: the caller said that it may take away whatever it finds gone';

ALTER TABLE staged_ad_performance
    ADD COLUMN IF NOT EXISTS is_unread UInt8 DEFAULT 0 COMMENT '1: only the key of the record could be read; its stored row stays';
