import { type ClusterServers, clusterName } from './servers.ts';

/** What points the program at the cluster. */
export const environmentOf = ({ urls, username, password }: ClusterServers): Record<string, string> => ({
  CLICKHOUSE_URL: urls[0] ?? '',
  CLICKHOUSE_USER: username,
  CLICKHOUSE_PASSWORD: password,
  CLICKHOUSE_CLUSTER: clusterName,
  CLICKHOUSE_SHARD_URLS: urls.join(','),
});
