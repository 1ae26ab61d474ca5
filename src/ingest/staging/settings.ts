import type { ClickHouseSettings } from '@clickhouse/client';

/** Statements over a whole feed are not a caller's queries, and are not bounded like those. */
export const readSettings: ClickHouseSettings = {
  max_execution_time: 0,
  max_memory_usage: '0',
  max_rows_to_read: '0',
  join_algorithm: 'hash',
};

/**
 * All rows of a statement in one block: one part for each day, so that readers see all of the day's changes at once.
 * Blocks are collected until a number of rows or of bytes is reached; neither ever is. Several threads would write
 * several blocks; two statements on different days fill two cores instead.
 */
export const writeSettings: ClickHouseSettings = {
  ...readSettings,
  min_insert_block_size_rows: '0',
  min_insert_block_size_bytes: String(2 ** 60),
  max_insert_threads: '1',
  max_threads: 1,
  // Keys are unique already; merging the block's rows once more would take longer than all the rest.
  optimize_on_insert: 0,
  // `row_key` was worked out when the rows were staged; working it out again would take half of the time.
  insert_allow_materialized_columns: 1,
};
