import { afterAll, beforeAll, it } from 'vitest';
import { interleave } from '../rollups/interleaving.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { rounds } from '../support/rounds.ts';
import { environmentOf } from './environment.ts';
import { type ClusterServers, startClusterServers } from './servers.ts';

let servers: ClusterServers;
let app: TestApp;
beforeAll(async () => {
  servers = await startClusterServers();
  app = await startTestApp({
    environment: {
      ROLLUPS: 'on',
      ROLLUPS_MIN_ROWS: '0',
      QUERY_MAX_COMPLEXITY: '1000000000',
      QUERY_COST_PER_MINUTE: '1000000000000',
      RESPONSE_CACHE_TTL_MS: '0',
      ...environmentOf(servers),
    },
  });
}, 120_000);
afterAll(async () => {
  await app.close();
  await servers.close();
}, 120_000);

it('answers on two shards are those of the tables, whatever has just happened to them', async () => {
  await interleave(app, Math.max(8, rounds(60)));
}, 600_000);
