import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { packageForPlatform } from '../../src/clickhouse/own-server/library.ts';
import { longestQuietMs, watchStart } from '../../src/clickhouse/own-server/progress.ts';
import type { OwnServer } from '../../src/clickhouse/own-server/server.ts';
import {
  answers,
  ask,
  childPid,
  isAlive,
  memoryLimitBytes,
  refusal,
  until,
  useOwnServers,
} from './own-servers.ts';

const { newFolder, rootFolder, start } = useOwnServers();

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

describe('why it does not start', () => {
  test('the folder cannot be made or written', async () => {
    const file = join(rootFolder(), 'a-file');
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

  test('it is told to give up while it starts', async () => {
    const giveUp = new AbortController();
    const starting = start(newFolder(), { signal: giveUp.signal });
    giveUp.abort();
    await expect(starting).rejects.toThrow();
  });

  test('a log that grows is a sign of life, and nothing at all for a minute is not', async () => {
    const logFile = `${newFolder()}.log`;
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
