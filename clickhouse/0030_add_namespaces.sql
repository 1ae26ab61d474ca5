-- Two CRMs number their records independently: what a record is known by has a namespace. Rows from before have an empty one
-- until the next start gives them that of their source.
-- ORDER BY serves what it served, whole days of one workspace; the namespace stands last, so that the parts that are there
-- are in its order already.
ALTER TABLE opportunities
    ADD COLUMN IF NOT EXISTS namespace LowCardinality(String) COMMENT 'Whose ids: by default the name of the source; empty: as source says',
    MODIFY ORDER BY (date, workspace, opportunity_id, namespace);
ALTER TABLE rejected_records
    ADD COLUMN IF NOT EXISTS namespace LowCardinality(String) COMMENT 'Of opportunities that were pushed into one; empty: that of the source';
