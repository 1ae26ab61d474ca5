import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OwnServer, startOwnServer } from '../../src/clickhouse/own-server/server.ts';
import { createLogger } from '../../src/logger.ts';
import { writeEngineConfig } from '../support/engine-config.ts';

/** The name that the servers know the cluster by. */
export const clusterName = 'two-shards';

/**
 * A cluster of real servers on this machine, one for each shard, without replicas. Ask the first of them: 26.7 as `clickhouse
 * local` (a server does not) ends with an uncaught exception when somebody resets a TCP connection to it, and as long as no
 * query begins on another shard, nobody has one to the first.
 */
export interface ClusterServers {
  readonly urls: readonly string[];
  readonly username: string;
  readonly password: string;
  /** Ends the server of one shard. */
  stopShard(index: number): Promise<void>;
  /** Starts it again, on its data and at its address. */
  startShard(index: number): Promise<void>;
  close(): Promise<void>;
}

/** @param users a file of `users.d`; undefined: none */
export async function startClusterServers(shards = 2, users?: string): Promise<ClusterServers> {
  const folder = await mkdtemp(join(tmpdir(), 'utmql-cluster-'));
  const password = randomBytes(24).toString('base64url');
  const ports = await freePorts(2 * shards);
  const httpPorts = ports.slice(0, shards);
  const tcpPorts = ports.slice(shards);
  const configFile = await writeEngineConfig(folder, remoteServers(tcpPorts));
  if (users !== undefined) {
    await mkdir(join(folder, 'users.d'));
    await writeFile(join(folder, 'users.d', 'users.xml'), users);
  }

  const servers: OwnServer[] = [];
  const start = async (index: number): Promise<void> => {
    servers[index] = await startOwnServer({
      dataDir: join(folder, `shard-${index + 1}`),
      memoryLimitBytes: 2 * 1_024 ** 3,
      logger: createLogger({ level: 'silent' }),
      onLost: (error) => {
        throw error;
      },
      port: httpPorts[index] ?? 0,
      shard: { configFile, tcpPort: tcpPorts[index] ?? 0, password },
    });
  };
  await Promise.all(tcpPorts.map((_, index) => start(index)));
  return {
    urls: servers.map(({ url }) => url),
    username: servers[0]?.username ?? '',
    password,
    stopShard: async (index) => servers[index]?.stop(),
    startShard: start,
    async close() {
      await Promise.all(servers.map((server) => server.stop()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The servers trust each other by a secret: a query runs on every shard as the user who asked the first one. */
function remoteServers(tcpPorts: readonly number[]): string {
  const shards = tcpPorts.map(
    (port) => `<shard><replica><host>127.0.0.1</host><port>${port}</port></replica></shard>`,
  );
  const secret = `<secret>${randomBytes(16).toString('hex')}</secret>`;
  return `<remote_servers><${clusterName}>${secret}${shards.join('')}</${clusterName}></remote_servers>`;
}

async function freePorts(count: number): Promise<number[]> {
  const probes = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<{ port: number; close: () => Promise<void> }>((resolve, reject) => {
          const probe = createServer();
          probe.once('error', reject);
          probe.listen(0, '127.0.0.1', () => {
            const address = probe.address();
            const port = typeof address === 'object' && address !== null ? address.port : 0;
            resolve({ port, close: () => new Promise((closed) => probe.close(() => closed())) });
          });
        }),
    ),
  );
  // All are held until each is known, or two could be the same.
  await Promise.all(probes.map((probe) => probe.close()));
  return probes.map(({ port }) => port);
}
