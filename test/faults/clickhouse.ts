import { randomBytes } from 'node:crypto';
import { prepareFolder } from '../../src/clickhouse/own-server/folder.ts';
import { launch } from '../../src/clickhouse/own-server/launch.ts';
import { findLibrary, packageForPlatform, runsOnMusl } from '../../src/clickhouse/own-server/library.ts';
import type { ServerProcess } from '../../src/clickhouse/own-server/process.ts';
import { createLogger } from '../../src/logger.ts';
import type { EngineLogin } from '../support/engine.ts';

/** A ClickHouse that can be killed and started again, always with the same address and login. */
export interface ClickHouse extends EngineLogin {
  readonly pid: number | undefined;
  /** `kill -9`; resolves when the process is gone. */
  killHard(): Promise<void>;
  /** Starts it after `killHard` and waits until it answers. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const username = 'utmql';

export async function startClickHouse(dataDir: string): Promise<ClickHouse> {
  const folder = await prepareFolder(dataDir);
  const password = randomBytes(16).toString('hex');
  const stopping = new AbortController();
  const options = {
    library: findLibrary(packageForPlatform(process.platform, process.arch, runsOnMusl())),
    folder,
    username,
    password,
    memoryLimitBytes: 4 * 1_024 ** 3,
    signal: stopping.signal,
    logger: createLogger({ level: 'silent' }),
  };
  let { server, port } = await launch({ ...options, port: undefined });
  const gone = async (process: ServerProcess): Promise<void> => void (await process.exited);
  return {
    url: `http://127.0.0.1:${port}`,
    username,
    password,
    get pid() {
      return server.hasExited() ? undefined : server.pid;
    },
    async killHard() {
      if (server.pid !== undefined && !server.hasExited()) process.kill(server.pid, 'SIGKILL');
      await gone(server);
    },
    async start() {
      if (server.hasExited()) ({ server, port } = await launch({ ...options, port }));
    },
    async stop() {
      stopping.abort();
      await gone(server);
    },
  };
}
