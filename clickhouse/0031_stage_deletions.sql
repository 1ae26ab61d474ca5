-- A CRM says that a record is deleted: staged and planned like the others.
-- Read by the run that staged them.
ALTER TABLE staged_opportunities
    ADD COLUMN IF NOT EXISTS is_deleted UInt8 COMMENT '1: the CRM has deleted it';
ALTER TABLE planned_opportunities
    MODIFY COLUMN change Enum8('added' = 1, 'changed' = 2, 'moved' = 3, 'removed' = 4, 'unchanged' = 5, 'outdated' = 6, 'superseded' = 7, 'elsewhere' = 8,
                               'deleted' = 9, 'gone' = 10, 'noted' = 11, 'absent' = 12)
                  COMMENT 'elsewhere: stored on another day than the feed says; moved: such a row that is to be deleted; deleted: by the CRM''s word; gone: the same on another day; noted: the same of what is not stored; absent: noted already';
