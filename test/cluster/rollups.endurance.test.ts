import { afterAll, beforeAll, it } from 'vitest';
import { environment, interleave } from '../rollups/interleaving.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { rounds } from '../support/rounds.ts';
import { environmentOf } from './environment.ts';
import { type ClusterServers, startClusterServers } from './servers.ts';

let servers: ClusterServers;
let app: TestApp;
beforeAll(async () => {
  servers = await startClusterServers();
  app = await startTestApp({ environment: { ...environment, ...environmentOf(servers) } });
}, 120_000);
afterAll(async () => {
  await app.close();
  await servers.close();
}, 120_000);

it('answers on two shards are those of the tables, whatever has just happened to them', async () => {
  await interleave(app, Math.max(5, rounds(60)));
}, 600_000);
