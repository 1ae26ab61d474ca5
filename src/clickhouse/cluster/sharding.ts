import { UtmqlError } from '../../errors.ts';

/**
 * By day and workspace: what a reader must see as a whole, the day of a workspace, is on one shard, and a day that is
 * replaced is one block there, seen before or after. A deletion has the day of the row that it deletes. The days that
 * follow each other are on all shards in turn, so that a range of days is work for all of them.
 */
const byDay = 'sipHash64(workspace) + toUInt16(date)';

/** By run: all that a run has staged, landed or rejected is on one shard, and many runs are on all. */
const byRun = 'sipHash64(run_id)';

/**
 * On which shard a row is: its number modulo the sum of the shards' weights. FINAL merges the rows of a key on each shard by
 * itself, so an expression may use nothing but columns of the table's ORDER BY: then all versions of a row meet.
 */
export const shardingKeys: Readonly<Record<string, string>> = {
  ad_performance: byDay,
  opportunities: byDay,
  // Not by day: all that happens now would be written to one shard.
  events: 'sipHash64(event_id)',
  ingest_runs: byRun,
  rejected_records: byRun,
  raw_landing: byRun,
  staged_ad_performance: byRun,
  staged_opportunities: byRun,
  planned_opportunities: byRun,
  run_cancellations: byRun,
  leases: 'sipHash64(name)',
  data_versions: 'sipHash64(workspace)',
  audit_log: 'sipHash64(audit_id)',
  push_answers: 'sipHash64(idempotency_key)',
  schema_migrations: 'sipHash64(name)',
};

/** @throws UtmqlError CONFIGURATION that says where to declare it */
export function shardingKeyOf(table: string): string {
  const key = shardingKeys[table];
  if (key === undefined) {
    throw new UtmqlError(
      'CONFIGURATION',
      `The table ${table} has no sharding key: declare one in src/clickhouse/cluster/sharding.ts, of columns of its ORDER BY, ` +
        'so that all versions of a row are on one shard.',
    );
  }
  return key;
}
