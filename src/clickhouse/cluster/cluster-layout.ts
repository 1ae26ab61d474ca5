import type { ClickHouseSettings } from '@clickhouse/client';
import type { Layout } from '../layout.ts';
import { identifier, Sql, sql } from '../sql.ts';
import { type ClusterTarget, heldTable, onCluster, toClusterStatements } from './translate.ts';

/** What makes figures of a cluster whole and what was acknowledged stored, whatever the server's own profile says. */
const settings: ClickHouseSettings = {
  // The answer to an insert means that every shard has its rows, not that they wait in a queue.
  distributed_foreground_insert: 1,
  // A shard without an answer is an error, never less in the sum.
  skip_unavailable_shards: 0,
  fallback_to_stale_replicas_for_distributed_queries: 0,
  // What a statement compares with is collected from all shards, not only from the one that compares.
  distributed_product_mode: 'global',
  // 26.7 would by itself let each shard select its rows and keep them, whatever shard they belong to.
  parallel_distributed_insert_select: '0',
};

/** The same replica of a shard for all that is read and written while it lives, so that a read sees the writes before it. */
const sameReplica: ClickHouseSettings = { load_balancing: 'in_order', prefer_localhost_replica: 0 };

/** ClickHouse would wait three minutes for a replica that is down, and then call it an error. */
const upkeep: ClickHouseSettings = {
  distributed_ddl_task_timeout: '20',
  distributed_ddl_output_mode: 'null_status_on_timeout',
};

/** Tables over the shards of a cluster. @param target.shape see `openCluster` */
export function clusterLayout(
  target: ClusterTarget & { readonly shape: string; readonly urls: readonly string[] },
): Layout {
  const { cluster, database } = target;
  const on = new Sql([onCluster(target)], []);
  // One replica of each shard: the others have the same parts, and may be down.
  const system: Layout['system'] = (table) =>
    sql`cluster(${new Sql([`'${cluster}'`], [])}, system.${identifier(table)})`;
  return {
    shape: target.shape,
    settings: target.isReplicated ? { ...settings, ...sameReplica } : settings,
    upkeep: target.isReplicated ? upkeep : {},
    urls: target.urls,
    held: (table) => sql`${identifier(database)}.${identifier(heldTable(table))}${on}`,
    heldName: heldTable,
    onCluster: on,
    system,
    translate: (statement) => toClusterStatements(statement, target),
    // Where Keeper commits a token together with its part, no restart parts the two.
    uptime: target.isReplicated
      ? sql`SELECT uptime() AS seconds`
      : sql`SELECT min(uptime()) AS seconds FROM ${system('one')}`,
  };
}
