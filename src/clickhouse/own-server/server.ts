import { randomBytes } from 'node:crypto';
import { UtmqlError } from '../../errors.ts';
import { type Logger, partLogger } from '../../logger.ts';
import { claim, prepareFolder, release } from './folder.ts';
import { launch } from './launch.ts';
import { findLibrary, packageForPlatform, runsOnMusl } from './library.ts';
import type { ServerProcess } from './process.ts';

/** A ClickHouse server of the program's own, for this machine only. The login stays valid when it is restarted after a crash. */
export interface OwnServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly username: string;
  /** Made at each start; in no file and no log. */
  readonly password: string;
  /**
   * Ends it: what runs is cancelled, data is closed. Resolves when the process is gone, in half a second, or in five while
   * clients keep connections open: close those first. May be called more than once.
   */
  stop(): Promise<void>;
}

export interface OwnServerOptions {
  /** Holds ClickHouse's data, its log and its backups; made if missing. */
  readonly dataDir: string;
  readonly memoryLimitBytes: number;
  readonly logger: Logger;
  /** The server has ended and will not come back by itself: `STORE_UNAVAILABLE` or why it could not be restarted. */
  readonly onLost: (error: UtmqlError) => void;
  /** Gives up the start. */
  readonly signal?: AbortSignal | undefined;
  /** Default: any free port. */
  readonly port?: number | undefined;
  /** Default: clickhouse/own-server/config.xml. */
  readonly configFile?: string | undefined;
  /** Default: by platform and architecture. */
  readonly packageName?: string;
  /** Makes it one shard of a cluster on this machine, as tests and benchmarks need. */
  readonly shard?: ShardOptions;
}

export interface ShardOptions {
  /** In place of clickhouse/own-server/config.xml: with `<remote_servers>`. */
  readonly configFile: string;
  /** Where the other shards reach it. */
  readonly tcpPort: number;
  /** One for all shards. */
  readonly password: string;
}

const username = 'utmql';
const oneCrashInMs = 10 * 60_000;

/**
 * Starts ClickHouse on `dataDir` as a child process and waits until it answers, about a second. If it ends by itself, it is
 * started again once in ten minutes. It ends with this process, however this process ends.
 *
 * Throws `CONFIGURATION` when the folder cannot be written or is in use by another utmql, when the port is taken, or when there
 * is no ClickHouse for this machine; `STORE_UNAVAILABLE` when the server does not start for another reason.
 */
export async function startOwnServer(options: OwnServerOptions): Promise<OwnServer> {
  const library = findLibrary(
    options.packageName ?? packageForPlatform(process.platform, process.arch, runsOnMusl()),
  );
  const folder = await prepareFolder(options.dataDir);
  const { shard, memoryLimitBytes, configFile } = options;
  const password = shard?.password ?? randomBytes(24).toString('base64url');
  const login = { library, folder, username, password, memoryLimitBytes, configFile, shard };
  const stopped = new AbortController();
  const logger = partLogger(options.logger, 'own-server');
  const giveUp = (): void => stopped.abort(options.signal?.reason);
  options.signal?.throwIfAborted();
  options.signal?.addEventListener('abort', giveUp, { once: true });

  const startedAt = performance.now();
  const { server, port } = await launch({
    ...login,
    port: options.port,
    signal: stopped.signal,
    logger,
  });
  options.signal?.removeEventListener('abort', giveUp);
  // It only helps a second program to name this one.
  await claim(folder).catch(() => undefined);
  logger.info(
    { port, pid: server.pid, logFile: folder.logFile, ms: Math.round(performance.now() - startedAt) },
    'started the own ClickHouse server',
  );

  let lastCrash = Number.NEGATIVE_INFINITY;

  const keepRunning = async (first: ServerProcess): Promise<void> => {
    let current = first;
    for (;;) {
      const how = await current.exited;
      if (stopped.signal.aborted) return;
      const cause = new Error(`${how}\n${current.output()}`);
      const crash = performance.now();
      if (crash - lastCrash < oneCrashInMs) {
        throw new UtmqlError(
          'STORE_UNAVAILABLE',
          `utmql's own ClickHouse server ended twice within ten minutes; its log is ${folder.logFile}.`,
          { cause },
        );
      }
      lastCrash = crash;
      logger.warn(
        { how, logFile: folder.logFile },
        'the own ClickHouse server ended by itself; starting it again',
      );
      current = (await launch({ ...login, port, signal: stopped.signal, logger })).server;
    }
  };

  const ended = keepRunning(server).catch((error: unknown) => {
    if (stopped.signal.aborted) return;
    options.onLost(asLost(error));
  });

  return {
    url: `http://127.0.0.1:${port}`,
    username,
    password,
    async stop() {
      stopped.abort();
      await ended;
      await release(folder);
    },
  };
}

function asLost(error: unknown): UtmqlError {
  if (error instanceof UtmqlError) return error;
  return new UtmqlError(
    'STORE_UNAVAILABLE',
    "utmql's own ClickHouse server ended and could not be started again.",
    {
      cause: error,
    },
  );
}
