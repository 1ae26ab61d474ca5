import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import {
  answers,
  ask,
  childPid,
  isAlive,
  type Login,
  memoryLimitBytes,
  refusal,
  until,
  useOwnServers,
} from './own-servers.ts';

const { newFolder, start } = useOwnServers();

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
