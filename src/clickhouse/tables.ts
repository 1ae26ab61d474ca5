import { UtmqlError } from '../errors.ts';

/** What is to be known of a table beyond its columns, which its migrations say. */
export interface Table {
  /**
   * On which shard a row is: this number modulo the sum of the shards' weights. FINAL merges the rows of a key on each shard by
   * itself, so an expression may use nothing but columns of the table's ORDER BY: then all versions of a row meet.
   */
  readonly shardingKey: string;
  /** The variable that says for how many days each day is kept; without one its migration does. */
  readonly keptFor?:
    | 'DATA_RETENTION_DAYS'
    | 'EVENT_RETENTION_DAYS'
    | 'AUDIT_RETENTION_DAYS'
    | 'RAW_RETENTION_DAYS';
  /**
   * A workspace may delete what is older than a day. Not from `ingest_runs`, which holds where sources are to go on, and not
   * from `audit_log`, which tells who deleted from the others: those go by their TTL alone. Nor from `exchange_rates`, which
   * are about nobody.
   */
  readonly isEmptied?: true;
  /** Holds what a run is about to write, under its id: no answer is made of it, and what is left there is dropped. */
  readonly isStaging?: true;
}

/**
 * By day and workspace: what a reader must see as a whole, the day of a workspace, is on one shard, and a day that is
 * replaced is one block there, seen before or after. A deletion has the day of the row that it deletes. The days that
 * follow each other are on all shards in turn, so that a range of days is work for all of them.
 */
const byDay = 'sipHash64(workspace) + toUInt16(date)';

/** By run: all that a run has staged, landed or rejected is on one shard, and many runs are on all. */
const byRun = 'sipHash64(run_id)';

/** Every table that migrations make. */
export const tables = {
  ad_performance: { shardingKey: byDay, keptFor: 'DATA_RETENTION_DAYS', isEmptied: true },
  opportunities: { shardingKey: byDay, keptFor: 'DATA_RETENTION_DAYS', isEmptied: true },
  // Not by day: all that happens now would be written to one shard.
  events: { shardingKey: 'sipHash64(event_id)', keptFor: 'EVENT_RETENTION_DAYS', isEmptied: true },
  event_attributions: { shardingKey: byDay, keptFor: 'EVENT_RETENTION_DAYS', isEmptied: true },
  // Kept for good, and few: a day is converted by the last rate before it, which is on the same shard.
  exchange_rates: { shardingKey: 'sipHash64(workspace)' },
  // Few, and all of a campaign are read together.
  campaign_names: { shardingKey: 'sipHash64(workspace)', isEmptied: true },
  // A row or two for each workspace, numbered together.
  attribution_aliases: { shardingKey: 'sipHash64(workspace)' },
  // A few hundred for each workspace, and all of them are read together.
  saved_views: { shardingKey: 'sipHash64(workspace)' },
  // Whoever opens a link knows no more of it than its id.
  share_links: { shardingKey: 'sipHash64(link_id)' },
  // Few, and all of a workspace are read together.
  alert_states: { shardingKey: 'sipHash64(workspace)' },
  // A row for each question that is exported, looked up by its id.
  sink_exports: { shardingKey: 'sipHash64(export_id)' },
  ingest_runs: { shardingKey: byRun, keptFor: 'DATA_RETENTION_DAYS' },
  rejected_records: { shardingKey: byRun, keptFor: 'DATA_RETENTION_DAYS', isEmptied: true },
  raw_landing: { shardingKey: byRun, keptFor: 'RAW_RETENTION_DAYS', isEmptied: true },
  staged_ad_performance: { shardingKey: byRun, isStaging: true },
  staged_opportunities: { shardingKey: byRun, isStaging: true },
  staged_exchange_rates: { shardingKey: byRun, isStaging: true },
  planned_opportunities: { shardingKey: byRun, isStaging: true },
  run_cancellations: { shardingKey: byRun },
  // The builder deletes from them, what counts last: a TTL would not keep that order.
  rollup_sums: { shardingKey: byDay },
  // What `rollup_sums` is in earlier versions. Nothing reads it.
  rollups: { shardingKey: byDay },
  rollup_days: { shardingKey: 'toUInt16(date)' },
  leases: { shardingKey: 'sipHash64(name)' },
  data_versions: { shardingKey: 'sipHash64(workspace)' },
  audit_log: { shardingKey: 'sipHash64(audit_id)', keptFor: 'AUDIT_RETENTION_DAYS' },
  push_answers: { shardingKey: 'sipHash64(idempotency_key)' },
  schema_migrations: { shardingKey: 'sipHash64(name)' },
} as const satisfies Readonly<Record<string, Table>>;

export type TableName = keyof typeof tables;

/** Names of the tables of which something holds. */
export const tablesThat = (holds: (table: Table) => boolean): readonly TableName[] =>
  (Object.keys(tables) as TableName[]).filter((name) => holds(tables[name]));

/** @throws UtmqlError CONFIGURATION that says where to declare it */
export function shardingKeyOf(name: string): string {
  if (Object.hasOwn(tables, name)) return tables[name as TableName].shardingKey;
  throw new UtmqlError(
    'CONFIGURATION',
    `The table ${name} has no sharding key: declare one in src/clickhouse/tables.ts, of columns of its ORDER BY, ` +
      'so that all versions of a row are on one shard.',
  );
}
