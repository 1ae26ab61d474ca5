import type { ClickHouseSettings } from '@clickhouse/client';
import { z } from 'zod';
import { UtmqlError } from '../../errors.ts';
import type { Layout } from '../layout.ts';
import { bind, identifier, Sql, sql } from '../sql.ts';
import type { Store } from '../store.ts';
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
function clusterLayout(
  target: ClusterTarget & { readonly shape: string; readonly urls: readonly string[] },
): Layout {
  const { cluster, database } = target;
  const on = new Sql([onCluster(target)], []);
  // One replica of each shard: the others have the same parts, and may be down.
  const system: Layout['system'] = (table) =>
    sql`cluster(${new Sql([`'${cluster}'`], [])}, system.${identifier(table)})`;
  return {
    shape: target.shape,
    isReplicated: target.isReplicated,
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

const clusterRow = z.object({ cluster: z.string() });
const shardRow = z.object({ shard: z.number(), weight: z.number(), replicas: z.number() });
const macroRow = z.object({ macro: z.string() });

const wrong = (message: string): UtmqlError => new UtmqlError('CONFIGURATION', message);

/**
 * Looks at the cluster as the server at CLICKHOUSE_URL knows it, and checks that it can hold the tables.
 *
 * @param options.urls HTTP address of each shard's only server, for a cluster without Keeper; empty: one with it
 * @throws UtmqlError CONFIGURATION with a sentence for the operator
 */
export async function openCluster(
  store: Store,
  options: { readonly cluster: string; readonly database: string; readonly urls: readonly string[] },
): Promise<Layout> {
  const { cluster, database, urls } = options;
  const shards = await store.select(
    shardRow,
    sql`SELECT shard_num AS shard, any(shard_weight) AS weight, count() AS replicas FROM system.clusters
        WHERE cluster = ${bind('String', cluster)} GROUP BY shard ORDER BY shard`,
  );
  if (shards.length === 0) {
    const known = await store.select(
      clusterRow,
      sql`SELECT DISTINCT cluster FROM system.clusters ORDER BY cluster`,
    );
    const names = known.map((row) => row.cluster).join(', ');
    throw wrong(
      `CLICKHOUSE_CLUSTER ("${cluster}") is no cluster of the server at CLICKHOUSE_URL, which knows ${names || 'none'}: ` +
        'see <remote_servers> in its configuration.',
    );
  }
  const isReplicated = urls.length === 0;
  if (isReplicated) {
    const macros = await store.select(macroRow, sql`SELECT macro FROM system.macros`);
    const missing = ['shard', 'replica'].filter((name) => macros.every(({ macro }) => macro !== name));
    if (missing.length > 0) {
      throw wrong(
        `The server at CLICKHOUSE_URL has no macro ${missing.join(' and ')}, which replicated tables need: set <macros> on every ` +
          'server, or name the servers of a cluster without Keeper in CLICKHOUSE_SHARD_URLS.',
      );
    }
  } else if (urls.length !== shards.length || shards.some(({ replicas }) => replicas > 1)) {
    const servers = shards.reduce((sum, { replicas }) => sum + replicas, 0);
    throw wrong(
      `CLICKHOUSE_SHARD_URLS names ${urls.length} servers, but the cluster "${cluster}" has ${shards.length} shards on ${servers} servers: ` +
        'name the one server of each shard. Shards of several servers need Keeper, and then CLICKHOUSE_SHARD_URLS is left out.',
    );
  }
  const shape = `shards by weight: ${shards.map(({ weight }) => weight).join(', ')}`;
  return clusterLayout({ cluster, database, isReplicated, shape, urls });
}
