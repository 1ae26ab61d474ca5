import { z } from 'zod';
import { UtmqlError } from '../../errors.ts';
import type { Layout } from '../layout.ts';
import { bind, sql } from '../sql.ts';
import type { Store } from '../store.ts';
import { clusterLayout } from './cluster-layout.ts';

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
