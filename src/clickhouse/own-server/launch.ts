import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { UtmqlError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import { damagedFile, damagedMetadata, forgetLogTable } from './damage.ts';
import { livingOwner, type OwnServerFolder } from './folder.ts';
import { type ProcessOptions, type ServerProcess, spawnServerProcess } from './process.ts';
import { longestQuietMs, watchStart } from './progress.ts';

const pollEveryMs = 25;
// A start is usually over in a second or two.
const tellEveryMs = 5_000;
const lookEveryMs = 1_000;
// A server whose utmql was killed takes a second to end; one that is closing its data, up to 7.
const lockFreeWithinMs = 9_000;
const portAttempts = 5;

export interface LaunchOptions extends Omit<ProcessOptions, 'port'> {
  /** Default: any free port. */
  readonly port: number | undefined;
  /** Ends the process, at any time. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** Starts one child process and waits until it answers queries. Throws `CONFIGURATION` or `STORE_UNAVAILABLE`. */
export async function launch(options: LaunchOptions): Promise<{ server: ServerProcess; port: number }> {
  const { folder, signal, logger } = options;
  const lockDeadline = performance.now() + lockFreeWithinMs;
  for (let attempt = 1; ; ) {
    signal.throwIfAborted();
    const port = await freePort(options.port);
    const server = spawnServerProcess({ ...options, port });
    const end = (): void => void server.end();
    signal.addEventListener('abort', end, { once: true });
    void server.exited.then(() => signal.removeEventListener('abort', end));

    if (await isReady(server, { ...options, port })) return { server, port };
    await server.end();

    // ClickHouse gives no exit code here (see server-child.ts), so its words must do.
    const damaged = damagedMetadata(folder, server.output());
    if (damaged !== undefined) {
      if (!(await forgetLogTable(folder, damaged)))
        throw damagedFile(folder, damaged, await causeOf(server, folder));
      logger.warn({ file: damaged }, 'the description of a table of logs was damaged; it is made anew');
    } else if (/Cannot lock file .*status/.test(server.output())) {
      const owner = await livingOwner(folder);
      if (owner !== undefined || performance.now() > lockDeadline) throw inUse(folder, owner);
      await delay(pollEveryMs);
    } else if (/Address already in use/.test(server.output()) && attempt < portAttempts) {
      attempt += 1;
    } else {
      throw await failed(server, folder);
    }
  }
}

/** Checks that `port` is free, or finds one that is. Another program can take it before ClickHouse does. */
async function freePort(port: number | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (cause) =>
      reject(
        new UtmqlError('CONFIGURATION', `Port ${port} for utmql's own ClickHouse server is not free.`, {
          cause,
        }),
      ),
    );
    probe.listen(port ?? 0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** However long it takes, as long as the server does something; says from time to time what that is. */
async function isReady(
  server: ServerProcess,
  at: Pick<LaunchOptions, 'folder' | 'username' | 'password' | 'logger'> & { port: number },
): Promise<boolean> {
  const client = createClient({
    url: `http://127.0.0.1:${at.port}`,
    username: at.username,
    password: at.password,
    request_timeout: 2_000,
    keep_alive: { enabled: false },
    log: { level: ClickHouseLogLevel.OFF },
  });
  const startedAt = performance.now();
  const { logFile } = at.folder;
  const progress = watchStart({ logFile, pid: server.pid, now: () => performance.now() });
  await progress.look();
  let lookedAt = startedAt;
  let toldAt = startedAt;
  try {
    while (!server.hasExited()) {
      if ((await client.ping({ select: true })).success) return true;
      await Promise.race([delay(pollEveryMs), server.exited]);
      const now = performance.now();
      if (now - lookedAt < lookEveryMs) continue;
      lookedAt = now;
      const { quietMs, doing } = await progress.look();
      if (quietMs >= longestQuietMs) return false;
      if (now - toldAt < tellEveryMs) continue;
      toldAt = now;
      const seconds = Math.round((now - startedAt) / 1_000);
      at.logger.info({ doing, seconds, logFile }, 'the own ClickHouse server is starting');
    }
    return false;
  } finally {
    await client.close();
  }
}

function inUse(folder: OwnServerFolder, owner: number | undefined): UtmqlError {
  const who = owner === undefined ? 'Another utmql' : `Another utmql (process ${owner})`;
  return new UtmqlError(
    'CONFIGURATION',
    `${who} is using the data folder ${folder.dataDir}: stop it or set DATA_DIR to another folder.`,
  );
}

async function failed(server: ServerProcess, folder: OwnServerFolder): Promise<UtmqlError> {
  return new UtmqlError(
    'STORE_UNAVAILABLE',
    `utmql's own ClickHouse server did not start; its log is ${folder.logFile}.`,
    { cause: await causeOf(server, folder) },
  );
}

async function causeOf(server: ServerProcess, folder: OwnServerFolder): Promise<Error> {
  const log = (await readFile(folder.logFile, 'utf8').catch(() => '')).split('\n').slice(-20).join('\n');
  return new Error(`${await server.exited}\n${server.output()}\n${log}`);
}
