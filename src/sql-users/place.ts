import type { Config } from '../config/config.ts';
import type { SqlUserPlace } from './sql-user.ts';

/** Where the configuration has the views, and what it lets a query use. */
export const placeOf = (config: Config): SqlUserPlace => ({
  database: config.CLICKHOUSE_DATABASE,
  definer: config.SQL_VIEWS_DEFINER,
  isCluster: config.CLICKHOUSE_CLUSTER !== undefined,
  limits: {
    seconds: Math.max(1, Math.ceil(config.QUERY_TIMEOUT_MS / 1_000)),
    memoryBytes: config.QUERY_MEMORY_MB * 1_048_576,
    rowsToRead: config.QUERY_MAX_ROWS,
  },
});

/** What stands where ClickHouse has ON CLUSTER: on a cluster without Keeper, each server is asked by itself. */
export const onClusterOf = ({ CLICKHOUSE_CLUSTER: cluster, CLICKHOUSE_SHARD_URLS: urls }: Config): string =>
  cluster === undefined || urls !== undefined ? '' : ` ON CLUSTER '${cluster}'`;
