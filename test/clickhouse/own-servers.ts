import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import { afterAll, beforeAll } from 'vitest';
import {
  type OwnServer,
  type OwnServerOptions,
  startOwnServer,
} from '../../src/clickhouse/own-server/server.ts';
import { UtmqlError } from '../../src/errors.ts';

export type Login = Pick<OwnServer, 'url' | 'username' | 'password'>;

export const memoryLimitBytes = 1_000_000_000;
interface Line {
  readonly level: number;
  readonly msg: string;
}

/** Servers of the present file, which are stopped after it, with all their folders. */
export function useOwnServers() {
  let root = '';
  let folders = 0;
  const servers: OwnServer[] = [];
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'utmql-own-server-'));
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await rm(root, { recursive: true, force: true });
  });

  async function start(dataDir: string, options: Partial<OwnServerOptions> = {}) {
    const lines: Line[] = [];
    const lost: UtmqlError[] = [];
    const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const server = await startOwnServer({
      dataDir,
      memoryLimitBytes,
      logger,
      onLost: (error) => void lost.push(error),
      ...options,
    });
    servers.push(server);
    return { server, lines, lost };
  }

  return { start, rootFolder: () => root, newFolder: () => join(root, String(++folders)) };
}

export async function refusal(started: Promise<unknown>): Promise<UtmqlError> {
  const error: unknown = await started.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof UtmqlError)) throw new Error(`expected a UtmqlError, got ${String(error)}`);
  return error;
}

export async function ask(login: Login, sql: string, query = ''): Promise<string> {
  const token = Buffer.from(`${login.username}:${login.password}`).toString('base64');
  const response = await fetch(`${login.url}/${query}`, {
    method: 'POST',
    headers: { authorization: `Basic ${token}`, connection: 'close' },
    body: sql,
  });
  return (await response.text()).trim();
}

export async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  withinMs = 12_000,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited too long: ${what}`);
    await delay(20);
  }
}

export const answers = (login: Login) => (): Promise<boolean> =>
  ask(login, 'SELECT 1').then(
    (text) => text === '1',
    () => false,
  );

export async function childPid(dataDir: string): Promise<number> {
  const status = await readFile(join(dataDir, 'clickhouse', 'status'), 'utf8');
  return Number(/PID: (\d+)/.exec(status)?.[1]);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
