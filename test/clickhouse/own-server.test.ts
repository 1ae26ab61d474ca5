import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageForPlatform } from '../../src/clickhouse/own-server/library.ts';
import { longestQuietMs, watchStart } from '../../src/clickhouse/own-server/progress.ts';
import {
  type OwnServer,
  type OwnServerOptions,
  startOwnServer,
} from '../../src/clickhouse/own-server/server.ts';
import { UtmqlError } from '../../src/errors.ts';

type Login = Pick<OwnServer, 'url' | 'username' | 'password'>;

const memoryLimitBytes = 1_000_000_000;
let root: string;
let folders = 0;
const servers: OwnServer[] = [];

const newFolder = (): string => join(root, String(++folders));

interface Line {
  readonly level: number;
  readonly msg: string;
}

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

async function refusal(started: Promise<unknown>): Promise<UtmqlError> {
  const error: unknown = await started.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof UtmqlError)) throw new Error(`expected a UtmqlError, got ${String(error)}`);
  return error;
}

async function ask(login: Login, sql: string, query = ''): Promise<string> {
  const token = Buffer.from(`${login.username}:${login.password}`).toString('base64');
  const response = await fetch(`${login.url}/${query}`, {
    method: 'POST',
    headers: { authorization: `Basic ${token}`, connection: 'close' },
    body: sql,
  });
  return (await response.text()).trim();
}

async function until(
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

const answers = (login: Login) => (): Promise<boolean> =>
  ask(login, 'SELECT 1').then(
    (text) => text === '1',
    () => false,
  );

async function childPid(dataDir: string): Promise<number> {
  const status = await readFile(join(dataDir, 'clickhouse', 'status'), 'utf8');
  return Number(/PID: (\d+)/.exec(status)?.[1]);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'utmql-own-server-'));
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await rm(root, { recursive: true, force: true });
});

describe('a running own server', () => {
  let dataDir: string;
  let server: OwnServer;

  beforeAll(async () => {
    dataDir = newFolder();
    ({ server } = await start(dataDir));
  });

  test('listens on loopback with a login made for this start', async () => {
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(server.password.length).toBeGreaterThanOrEqual(32);
    expect(await ask(server, 'SELECT currentUser(), timezone()')).toBe('utmql\tUTC');
  });

  test('keeps its files to this user and the password out of them', async () => {
    const files = await readdir(dataDir, { recursive: true, withFileTypes: true });
    for (const file of files) {
      if (file.isSymbolicLink()) continue;
      const path = join(file.parentPath, file.name);
      const { mode } = await stat(path);
      expect([path, (mode & 0o077).toString(8)]).toEqual([path, '0']);
      if (file.isFile()) expect((await readFile(path)).includes(server.password), path).toBe(false);
    }
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
    expect(files.map((file) => file.name)).toContain('clickhouse.log');
  });

  test('refuses everybody else', async () => {
    const wrong = await ask({ ...server, password: 'wrong' }, 'SELECT 1');
    expect(wrong).toContain('AUTHENTICATION_FAILED');

    // `default` has no password; the session inside the process holds its only place.
    const asDefault = { ...server, username: 'default', password: '' };
    expect(await ask(asDefault, 'SELECT 1')).toContain('USER_SESSION_LIMIT_EXCEEDED');
    expect(await ask(asDefault, 'SYSTEM STOP LISTEN HTTP')).toContain('USER_SESSION_LIMIT_EXCEEDED');
    expect(await ask({ ...server, password: 'wrong' }, 'SELECT 1', '?user=default')).toContain(
      'DB::Exception',
    );
    const nobody = await fetch(`${server.url}/?query=SELECT+1`, { headers: { connection: 'close' } });
    expect(nobody.ok).toBe(false);
    expect(await ask(server, 'SHOW GRANTS FOR default')).toBe('GRANT SYSTEM LISTEN ON *.* TO default');
  });

  test('runs with the settings of its configuration', async () => {
    const settings = await ask(
      server,
      `SELECT name, value FROM system.server_settings WHERE name IN ('max_server_memory_usage', 'max_concurrent_queries',
         'mark_cache_size', 'primary_index_cache_size', 'background_pool_size', 'background_schedule_pool_size',
         'keep_alive_timeout') ORDER BY name FORMAT CSV`,
    );
    expect(settings.replaceAll('"', '').split('\n')).toEqual([
      'background_pool_size,4',
      'background_schedule_pool_size,64',
      'keep_alive_timeout,30',
      'mark_cache_size,67108864',
      'max_concurrent_queries,100',
      `max_server_memory_usage,${memoryLimitBytes}`,
      'primary_index_cache_size,67108864',
    ]);
    expect(await ask(server, "SELECT value FROM system.settings WHERE name = 'async_insert'")).toBe('0');
    const tooMuch = await ask(server, 'SELECT length(groupArray(number)) FROM numbers(1000000000)');
    expect(tooMuch).toContain('MEMORY_LIMIT_EXCEEDED');
  });

  test('has query_log, dropped after three days, and no other log table', async () => {
    await ask(server, 'SYSTEM FLUSH LOGS');
    expect(await ask(server, "SHOW TABLES FROM system LIKE '%\\_log%'")).toBe('query_log');
    expect(await ask(server, 'SHOW CREATE TABLE system.query_log')).toContain(
      'TTL event_date + toIntervalDay(3)',
    );
  });

  test('gives its user the rights that the program needs', async () => {
    expect(await ask(server, 'CREATE DATABASE rights')).toBe('');
    const create =
      'CREATE TABLE rights.t (d Date, k UInt32) ENGINE = ReplacingMergeTree PARTITION BY d ORDER BY (d, k)';
    expect(await ask(server, create)).toBe('');
    expect(await ask(server, "INSERT INTO rights.t SELECT '2025-01-01', number FROM numbers(10)")).toBe('');
    expect(await ask(server, 'SYSTEM STOP MERGES rights.t')).toBe('');
    expect(await ask(server, 'SYSTEM START MERGES rights.t')).toBe('');
    // Waits for ever when the pool is smaller than number_of_free_entries_in_pool_to_execute_mutation.
    expect(await ask(server, 'ALTER TABLE rights.t DELETE WHERE k = 7', '?mutations_sync=2')).toBe('');
    expect(await ask(server, 'SELECT count() FROM rights.t')).toBe('9');
    expect(await ask(server, "BACKUP TABLE rights.t TO File('rights')")).toContain('BACKUP_CREATED');
    expect(await readdir(join(dataDir, 'clickhouse-backups'))).toEqual(['rights']);
    const running = ask(
      server,
      'SELECT sleep(3) FROM numbers(100) SETTINGS max_block_size = 1',
      '?query_id=slow',
    );
    const seen = "SELECT count() FROM system.processes WHERE query_id = 'slow'";
    await until('the query runs', async () => (await ask(server, seen)) === '1');
    await ask(server, "KILL QUERY WHERE query_id = 'slow'");
    expect(await running).toContain('QUERY_WAS_CANCELLED');
  });

  test('takes large query parameters', async () => {
    const keys = `[${Array.from({ length: 100_000 }, (_, index) => `'key-${index}-of-many'`).join(',')}]`;
    expect(keys.length).toBeGreaterThan(1_000_000);
    const form = new FormData();
    form.set('query', 'SELECT length({keys:Array(String)})');
    form.set('param_keys', keys);
    const response = await fetch(server.url, {
      method: 'POST',
      headers: {
        'x-clickhouse-user': server.username,
        'x-clickhouse-key': server.password,
        connection: 'close',
      },
      body: form,
    });
    expect((await response.text()).trim()).toBe('100000');
  });

  test('is deaf to the signals that a terminal sends to every process', async () => {
    const pid = await childPid(dataDir);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.kill(pid, signal);
    // The inner query looks for interrupts five times a second.
    expect(await ask(server, 'SELECT sleepEachRow(0.5) FROM numbers(2)')).toBe('0\n0');
    expect(isAlive(pid)).toBe(true);
  });

  test('keeps its folder to itself and names itself to a second program', async () => {
    const error = await refusal(start(dataDir));
    expect(error.code).toBe('CONFIGURATION');
    expect(error.message).toBe(
      `Another utmql (process ${process.pid}) is using the data folder ${dataDir}: stop it or set DATA_DIR to another folder.`,
    );
    expect(await answers(server)()).toBe(true);
  });
});

describe('how it ends', () => {
  test('stop() ends it cleanly, once, and its data is there at the next start', async () => {
    const dataDir = newFolder();
    const { server, lost } = await start(dataDir);
    await ask(server, 'CREATE DATABASE kept');
    await ask(server, 'CREATE TABLE kept.t (k UInt32) ENGINE = MergeTree ORDER BY k');
    await ask(server, 'INSERT INTO kept.t SELECT number FROM numbers(1000)');
    await ask(server, 'SYSTEM FLUSH LOGS');
    const pid = await childPid(dataDir);
    await Promise.all([server.stop(), server.stop()]);
    await server.stop();
    expect(isAlive(pid)).toBe(false);
    await expect(fetch(server.url)).rejects.toThrow();
    expect(lost).toEqual([]);

    const again = (await start(dataDir)).server;
    expect(await ask(again, 'SELECT count() FROM kept.t')).toBe('1000');
    await ask(again, 'SYSTEM FLUSH LOGS');
    expect(Number(await ask(again, 'SELECT uniq(event_time) FROM system.query_log'))).toBeGreaterThan(1);
    expect(again.password).not.toBe(server.password);
    await again.stop();
  });

  test('a crash is mended once, with the same login; the second in ten minutes is reported', async () => {
    const dataDir = newFolder();
    const { server, lines, lost } = await start(dataDir);
    await ask(server, 'CREATE DATABASE kept');
    const first = await childPid(dataDir);
    process.kill(first, 'SIGKILL');
    await until('it is back', answers(server));
    expect(await ask(server, "SELECT count() FROM system.databases WHERE name = 'kept'")).toBe('1');
    const warnings = lines.filter((line) => line.level >= 40);
    expect(warnings.map((line) => line.msg)).toEqual([
      'the own ClickHouse server ended by itself; starting it again',
    ]);
    expect(lost).toEqual([]);

    await until('its pid is noted', async () => (await childPid(dataDir)) !== first);
    process.kill(await childPid(dataDir), 'SIGKILL');
    await until('the loss is reported', () => lost.length > 0);
    expect(lost.map((error) => error.code)).toEqual(['STORE_UNAVAILABLE']);
    expect(lost[0]?.message).toContain(join(dataDir, 'clickhouse.log'));
    await server.stop();
    expect(lost).toHaveLength(1);
  });

  test('it ends with its parent when that is killed, and the next start has the data', async () => {
    const dataDir = newFolder();
    const { parent, login, output } = await startParent(dataDir);
    await ask(login, 'CREATE DATABASE kept');
    await ask(login, 'CREATE TABLE kept.t (k UInt32) ENGINE = MergeTree ORDER BY k');
    expect(await ask(login, 'INSERT INTO kept.t SELECT number FROM numbers(1000)')).toBe('');
    const pid = await childPid(dataDir);
    parent.kill('SIGKILL');
    // Not waiting for the old server's end: the new one does.
    const { server } = await start(dataDir);
    await until('the old process is gone', () => !isAlive(pid));
    expect(await ask(server, 'SELECT count() FROM kept.t')).toBe('1000');
    await server.stop();
    expect(output()).not.toMatch(/Logging|clickhouse/i);
  });
});

/** A utmql of its own, as `npm start` would run it. `output` is what a terminal would have shown. */
async function startParent(
  dataDir: string,
): Promise<{ parent: ChildProcess; login: Login; output: () => string }> {
  const module = new URL('../../src/clickhouse/own-server/server.ts', import.meta.url).href;
  const script = `
    const { startOwnServer } = await import(${JSON.stringify(module)});
    const { pino } = await import('pino');
    const { url, username, password } = await startOwnServer({
      dataDir: ${JSON.stringify(dataDir)}, memoryLimitBytes: ${memoryLimitBytes}, logger: pino({ level: 'silent' }), onLost() {},
    });
    console.log(JSON.stringify({ url, username, password }));`;
  const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  parent.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const lines = createInterface({ input: parent.stdout });
  const [line] = await Promise.race([
    once(lines, 'line'),
    once(parent, 'exit').then(() => Promise.reject(new Error(text))),
  ]);
  lines.on('line', (more: string) => {
    text += more;
  });
  return { parent, login: JSON.parse(String(line)), output: () => text };
}

describe('why it does not start', () => {
  test('the folder cannot be made or written', async () => {
    const file = join(root, 'a-file');
    await writeFile(file, '');
    const error = await refusal(start(join(file, 'data')));
    expect(error.code).toBe('CONFIGURATION');
    expect(error.message).toBe(
      `The data folder ${join(file, 'data')} cannot be written (ENOTDIR): make it writable for this user or set DATA_DIR to another folder.`,
    );
  });

  test('the optional package is missing', async () => {
    const error = await refusal(start(newFolder(), { packageName: '@chdb/lib-plan9-vax' }));
    expect(error.code).toBe('CONFIGURATION');
    expect(error.message).toContain('@chdb/lib-plan9-vax');
    expect(error.message).toContain('or set CLICKHOUSE_URL');
  });

  test.each([
    ['win32', 'x64', false, 'win32-x64'],
    ['linux', 'x64', true, 'linux-x64 with musl'],
    ['linux', 'riscv64', false, 'linux-riscv64'],
  ])('there is none for the platform: %s %s, musl %s', (platform, arch, musl, named) => {
    expect(() => packageForPlatform(platform, arch, musl)).toThrow(
      `utmql's own ClickHouse server does not exist for ${named}: set CLICKHOUSE_URL to a ClickHouse server.`,
    );
  });

  test('each supported platform has its package', () => {
    expect(packageForPlatform('linux', 'arm64', false)).toBe('@chdb/lib-linux-arm64-gnu');
    expect(packageForPlatform('darwin', 'arm64', false)).toBe('@chdb/lib-darwin-arm64');
  });

  test('the port is not free', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port');
    const error = await refusal(start(newFolder(), { port: address.port }));
    other.close();
    expect(error.code).toBe('CONFIGURATION');
    expect(error.message).toContain(String(address.port));
  });

  test('a disk was full when tables were described: logs are made anew, anything else is named with its remedy', async () => {
    const dataDir = newFolder();
    const first = await start(dataDir);
    await ask(first.server, 'CREATE DATABASE kept');
    await ask(first.server, 'CREATE TABLE kept.rows (a UInt8) ENGINE = MergeTree ORDER BY a');
    await ask(first.server, 'INSERT INTO kept.rows VALUES (7)', '?async_insert=0');
    await ask(first.server, 'SYSTEM FLUSH LOGS');
    await first.server.stop();
    const storeDir = join(dataDir, 'clickhouse');
    const described = async (name: string): Promise<string> => {
      const found = (await readdir(storeDir, { recursive: true })).find((path) =>
        path.endsWith(`/${name}.sql`),
      );
      return join(storeDir, found ?? '');
    };
    for (const bytes of [0, 100]) {
      await truncate(await described('query_log'), bytes);
      const next = await start(dataDir);
      expect(next.lines.filter(({ level }) => level === 40).map(({ msg }) => msg)).toEqual([
        'the description of a table of logs was damaged; it is made anew',
      ]);
      expect(await ask(next.server, 'SELECT a FROM kept.rows')).toBe('7');
      await ask(next.server, 'SYSTEM FLUSH LOGS');
      expect(await ask(next.server, 'SELECT count() > 0 FROM system.query_log')).toBe('1');
      await next.server.stop();
    }
    const damaged = await described('rows');
    const whole = await readFile(damaged, 'utf8');
    await truncate(damaged, 20);
    const error = await refusal(start(dataDir));
    expect(error.code).toBe('CONFIGURATION');
    expect(error.message).toContain(`${damaged}, which describes a table`);
    expect(error.message).toContain('docs/backup.md');
    await writeFile(damaged, whole);
    expect(await ask((await start(dataDir)).server, 'SELECT a FROM kept.rows')).toBe('7');
  }, 120_000);

  test('it is told to give up while it starts', async () => {
    const giveUp = new AbortController();
    const starting = start(newFolder(), { signal: giveUp.signal });
    giveUp.abort();
    await expect(starting).rejects.toThrow();
  });

  test('a log that grows is a sign of life, and nothing at all for a minute is not', async () => {
    const logFile = join(root, `${++folders}.log`);
    let now = 0;
    const progress = watchStart({ logFile, pid: undefined, now: () => now });
    expect(await progress.look()).toEqual({ quietMs: 0, doing: '' });
    now = 50_000;
    await writeFile(logFile, '2026.11.29 [ 1 ] {} <Information> TablesLoader: Loading 30000 parts\n\n');
    expect(await progress.look()).toEqual({ quietMs: 0, doing: 'TablesLoader: Loading 30000 parts' });
    now = 110_000;
    expect(await progress.look()).toMatchObject({ quietMs: longestQuietMs });
  });

  test('ClickHouse itself gives up: the error names its log and quotes it', async () => {
    const dataDir = newFolder();
    await mkdir(join(dataDir, 'clickhouse', 'metadata'), { recursive: true });
    await writeFile(join(dataDir, 'clickhouse', 'metadata', 'system.sql'), 'not SQL\n');
    const error = await refusal(start(dataDir));
    expect(error.code).toBe('CONFIGURATION');
    expect(error.message).toContain(join(dataDir, 'clickhouse', 'metadata', 'system.sql'));
    expect(error.message).toContain(join(dataDir, 'clickhouse.log'));
    expect(error.cause).toBeInstanceOf(Error);
    expect(String(error.cause)).toContain('SYNTAX_ERROR');
  });
});
