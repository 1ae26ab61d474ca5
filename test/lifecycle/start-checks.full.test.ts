import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import type { Finding } from '../../src/start-checks/finding.ts';
import { runAllChecks } from '../../src/start-checks/start-checks.ts';
import { systemClock } from '../../src/time.ts';
import { createSqlReader } from '../faults/sql-reader.ts';
import { builtProgram } from '../support/built-program.ts';
import { dataFolder, runProgram } from '../support/child-program.ts';
import { startGrantedServer } from '../support/granted-server.ts';
import { type StoreProxy, startStoreProxy } from '../support/proxy.ts';
import { type Behaviour, json, startSourceServer, status } from '../support/source-server.ts';

let proxy: StoreProxy;
let database: string;
let environment: Record<string, string>;
beforeEach(async () => {
  const login = inject('clickhouse');
  proxy = await startStoreProxy(login.url);
  database = `check_${randomBytes(6).toString('hex')}`;
  environment = {
    CLICKHOUSE_URL: proxy.url,
    CLICKHOUSE_USER: login.username,
    CLICKHOUSE_PASSWORD: login.password,
    CLICKHOUSE_DATABASE: database,
  };
});
afterEach(async () => {
  await createSqlReader(inject('clickhouse'), 'default').command(`DROP DATABASE IF EXISTS ${database}`);
  await proxy.close();
});

const nowhere = 'http://127.0.0.1:1';
const checkOnly = builtProgram('check');
const far = 60_000;

/** What the checks find by themselves, without a program around them. */
async function find(extra: Record<string, string> = {}, clock = systemClock) {
  const all = { PORT: '0', DATA_DIR: dataFolder(), ...environment, ...extra };
  return runAllChecks({ config: readConfig(all), environment: all, clock });
}

/** Those that are not well. */
const troubles = (findings: readonly Finding[]): Finding[] => findings.filter(({ state }) => state !== 'ok');

it(
  'all that is wrong is told at once, and not waited for',
  async () => {
    const other = createServer().listen(0, '127.0.0.1');
    const keys = join(dataFolder(), 'keys.json');
    const manifest = join(dataFolder(), 'manifest.json');
    await writeFile(keys, '{');
    await writeFile(manifest, '[]');
    const port = String((other.address() as AddressInfo).port);
    const wrong = {
      CLICKHOUSE_URL: nowhere,
      PORT: port,
      DATA_DIR: join(keys, 'data'),
      SOURCES_FILE: join(dataFolder(), 'none.yaml'),
      PERSISTED_MANIFEST: manifest,
      API_KEYS_FILE: keys,
    };
    const program = runProgram(wrong);
    expect(await program.ended).toBe(1);
    const lines = program.errors().trimEnd().split('\n');
    expect(lines).toEqual([
      'utmql cannot start, for 6 reasons:',
      expect.stringMatching(/^ {2}- DATA_DIR \(".*"\) cannot be written \(ENOTDIR\)\. Give it to .*/),
      expect.stringMatching(/^ {2}- Port \d+ on 127\.0\.0\.1 is taken\. Stop .* PORT /),
      expect.stringMatching(/^ {2}- SOURCES_FILE \(.*none\.yaml\): there is no such file\./),
      expect.stringMatching(/^ {2}- .*manifest\.json is no manifest .*/),
      expect.stringMatching(/^ {2}- API_KEYS_FILE \(".*"\) is not valid JSON\. Restore a valid copy/),
      `  - ClickHouse at ${nowhere} cannot be reached (ECONNREFUSED). Start it, or correct CLICKHOUSE_URL.`,
    ]);

    const check = runProgram(wrong, checkOnly);
    expect(await check.ended).toBe(1);
    expect(check.output().match(/^fail /gm)).toHaveLength(6);
    expect(check.output()).toMatch(/^ok +configuration /m);
    other.close();
  },
  far,
);

it.each(['refused', 'silent'] as const)(
  'a ClickHouse that is up 3 s later is waited for (%s until then)',
  async (how) => {
    await proxy.away(how);
    const program = runProgram(environment);
    expect(await program.logged('waiting for ClickHouse')).toMatchObject({
      reason: expect.stringContaining('cannot be reached'),
    });
    await delay(3_000);
    await proxy.back();
    const { url = '' } = await program.logged('utmql is ready');
    expect((await fetch(new URL('/readyz', url))).status).toBe(200);
    program.child.kill('SIGTERM');
    expect(await program.ended).toBe(0);
  },
  far,
);

it(
  'a ClickHouse that stays away ends the start after STARTUP_TIMEOUT_MS, with one sentence',
  async () => {
    const program = runProgram({ CLICKHOUSE_URL: nowhere, STARTUP_TIMEOUT_MS: '1000' });
    expect(await program.ended).toBe(1);
    expect(program.errors()).toBe(
      `ClickHouse at ${nowhere} cannot be reached (ECONNREFUSED). Start it, or correct CLICKHOUSE_URL. ` +
        'utmql waited 1 s for it; STARTUP_TIMEOUT_MS says how long it does.\n',
    );
  },
  far,
);

it(
  '`check` says that all is well, and starts nothing',
  async () => {
    const program = runProgram(environment, checkOnly);
    expect(await program.ended).toBe(0);
    const lines = program.output().trimEnd().split('\n');
    expect(lines.map((line) => line.split(/ {2,}/).slice(0, 2))).toEqual([
      ['ok', 'configuration'],
      ['ok', 'DATA_DIR'],
      ['ok', 'PORT'],
      ['ok', 'ClickHouse'],
      ['ok', 'clock'],
      ['ok', 'REPORTING_TIMEZONE'],
      ['ok', 'CLICKHOUSE_USER'],
      ['ok', 'QUERY_MEMORY_MB'],
    ]);
    const made = await createSqlReader(inject('clickhouse'), 'default').count(
      `SELECT count() FROM system.databases WHERE name = '${database}'`,
    );
    expect(made).toBe(0);
    const wrong = runProgram({ PORT: 'x' }, checkOnly);
    expect(await wrong.ended).toBe(1);
    expect(wrong.output()).toMatch(/^fail {2}configuration {2}The configuration is wrong:\n +- PORT/);
  },
  far,
);

it('little room, no key and clocks that differ are told, and end nothing', async () => {
  const ahead = { now: () => Date.now() + 60_000 };
  const found = await find(
    { BUFFER_MAX_BYTES: String(Number.MAX_SAFE_INTEGER), API_KEYS_FILE: join(dataFolder(), 'keys.json') },
    ahead,
  );
  expect(troubles(found)).toEqual([
    { state: 'warn', what: 'DATA_DIR', text: expect.stringContaining('lower BUFFER_MAX_BYTES') },
    { state: 'warn', what: 'API_KEYS_FILE', text: expect.stringContaining('utmql keys create') },
    { state: 'warn', what: 'clock', text: expect.stringMatching(/ (59|60) s apart\. Set both by NTP/) },
  ]);
  const behind = { now: () => Date.now() - 4_000 };
  expect(troubles(await find({}, behind))).toEqual([]);
});

it('a time zone that only this machine knows, and a wrong password, are told', async () => {
  expect(troubles(await find({ REPORTING_TIMEZONE: 'europe/berlin' }))).toEqual([
    { state: 'fail', what: 'REPORTING_TIMEZONE', text: expect.stringContaining('system.time_zones') },
  ]);
  const [refused, ...none] = troubles(await find({ CLICKHOUSE_PASSWORD: 'a wrong one' }));
  expect(refused?.text).toMatch(/refused the login; check CLICKHOUSE_USER and CLICKHOUSE_PASSWORD/);
  expect(none).toEqual([]);
});

it('how much memory a query can have is told, and where that is less than was asked for, it is a warning', async () => {
  const memory = async (extra: Record<string, string>) => {
    const found = (await find(extra)).filter(({ what }) => what === 'QUERY_MEMORY_MB');
    return found.map(({ state, text }) => `${state}: ${text}`);
  };
  // Of the engine of the tests; and of a server that is not started for this.
  const usual = 'ok: Of the 4096 MB of ClickHouse, a query has 128 to 1493 MB.';
  expect(await memory({})).toEqual([usual]);
  expect(await memory({ CLICKHOUSE_URL: '' })).toEqual([usual]);
  expect(await memory({ QUERY_MEMORY_MB: '1493' })).toEqual([usual]);
  expect(await memory({ QUERY_MEMORY_MB: '100' })).toEqual([usual.replace('128 to 1493', '100 to 100')]);
  expect(await memory({ QUERY_MEMORY_MB: '1494' })).toEqual([
    expect.stringMatching(
      /^warn: QUERY_MEMORY_MB \(1494\) is more than a query can have\. .*128 to 1493 MB\. /,
    ),
  ]);
  expect(await memory({ CLICKHOUSE_URL: '', CLICKHOUSE_MEMORY_MB: '512', QUERY_MEMORY_MB: '64' })).toEqual([
    'ok: Of the 512 MB of ClickHouse, a query has 64 to 64 MB.',
  ]);
  expect(await memory({ CLICKHOUSE_MAX_CONCURRENCY: '65' })).toEqual([
    expect.stringMatching(/^warn: CLICKHOUSE_MAX_CONCURRENCY \(65\) is more than the 4096 MB .* suffice for/),
  ]);
});

it(
  'rights that the user lacks are told as the statements that give them',
  async () => {
    const server = await startGrantedServer();
    try {
      const login = {
        CLICKHOUSE_URL: server.url,
        CLICKHOUSE_USER: server.utmql.username,
        CLICKHOUSE_PASSWORD: server.utmql.password,
      };
      expect(troubles(await find({ ...login, CLICKHOUSE_DATABASE: 'utmql' }))).toEqual([]);
      const [lacking] = troubles(await find({ ...login, CLICKHOUSE_DATABASE: 'other' }));
      expect(lacking?.text).toContain('<query>GRANT CREATE DATABASE ON other.*</query>');
      expect(lacking?.text).toMatch(
        /: GRANT CREATE DATABASE ON other\.\*, .*INSERT ON other\.\*.* TO utmql;$/,
      );
      expect(lacking?.text).not.toContain('system.parts');

      const { username: CLICKHOUSE_USER, password: CLICKHOUSE_PASSWORD } = server.operator;
      expect(troubles(await find({ ...login, CLICKHOUSE_USER, CLICKHOUSE_PASSWORD }))).toContainEqual({
        state: 'warn',
        what: 'QUERY_MEMORY_MB',
        text: expect.stringContaining('GRANT SELECT ON system.server_settings TO operator'),
      });
    } finally {
      await server.stop();
    }
  },
  far,
);

it.each<[string, Behaviour, RegExp]>([
  [
    'too old',
    (request, response) => {
      const asked = new URL(request.url ?? '', 'http://localhost').searchParams;
      response.setHeader('x-clickhouse-query-id', asked.get('query_id') ?? '');
      return json({
        meta: [{ name: 'version()', type: 'String' }],
        data: [['24.8.14.39']],
        rows: 1,
        statistics: { elapsed: 0, rows_read: 1, bytes_read: 1 },
      })(request, response);
    },
    /version 24\.8\.14\.39\. utmql needs 25\.3 or later: update ClickHouse\.$/,
  ],
  ['something else', status(404), /Correct CLICKHOUSE_URL: the port is 8123/],
  [
    'something else that answers everything',
    (_request, response) => void response.end('<html>'),
    /Correct CLICKHOUSE_URL: the port is 8123/,
  ],
])('a ClickHouse that is %s is told', async (_what, behaviour, text) => {
  const other = await startSourceServer(behaviour);
  try {
    expect(troubles(await find({ CLICKHOUSE_URL: other.url }))).toEqual([
      { state: 'fail', what: 'ClickHouse', text: expect.stringMatching(text) },
    ]);
  } finally {
    await other.close();
  }
});
