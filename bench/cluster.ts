import { openCluster } from '../src/clickhouse/cluster/open-cluster.ts';
import { createStore } from '../src/clickhouse/create-store.ts';
import type { Store } from '../src/clickhouse/store.ts';
import type { Day } from '../src/records/day.ts';
import { environmentOf } from '../test/cluster/environment.ts';
import { clusterName, startClusterServers } from '../test/cluster/servers.ts';
import { loadData } from './load-data.ts';
import { type Program, startProgram } from './program.ts';
import { documentOf, questions, takeTurns } from './questions.ts';
import { ms, percentile, printTable, progress, ratio } from './table.ts';

const database = 'bench';

/** Times each question on one server and on two shards, in turns: the same rows, and the same processor for both. */
export async function benchCluster(single: Program, today: Day, adRows: number): Promise<void> {
  const servers = await startClusterServers();
  const login = {
    url: servers.urls[0] ?? '',
    username: servers.username,
    password: servers.password,
    maxConcurrency: 4,
    limits: { timeoutMs: 600_000, maxMemoryBytes: 8e9, maxRowsToRead: 1e12 },
  };
  const any = createStore({ ...login, database: 'default' });
  let store: Store | undefined;
  let program: Program | undefined;
  try {
    program = await startProgram({ ...login, async stop() {} }, database, {
      RESPONSE_CACHE_TTL_MS: '0',
      ...environmentOf(servers),
    });
    const sharded = program;
    const layout = await openCluster(any, { cluster: clusterName, database, urls: servers.urls });
    store = createStore({ ...login, database, layout });
    progress('loading data into two shards');
    await loadData(store, today, adRows);
    const rows: string[][] = [];
    for (const question of questions) {
      const document = documentOf(question, today);
      const [alone = [], shared = []] = await takeTurns([
        () => single.graphql(document),
        () => sharded.graphql(document),
      ]);
      rows.push([
        question.title,
        ...[alone, shared].flatMap((times) => [ms(percentile(times, 0.5)), ms(percentile(times, 0.95))]),
        ratio(percentile(shared, 0.5) / percentile(alone, 0.5)),
      ]);
    }
    printTable(
      'One server and two shards, on the same processor',
      ['question', 'one p50', 'p95', 'two shards p50', 'p95', 'two/one'],
      rows,
    );
  } finally {
    await program?.stop();
    await store?.close();
    await any.close();
    await servers.close();
  }
}
