import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, it } from 'vitest';
import { createSqlReader } from '../faults/sql-reader.ts';
import { runProgram } from '../support/child-program.ts';
import { createMigratedDatabase } from '../support/database.ts';
import { idOf, makeKeys, type TestKeys } from '../support/keys.ts';
import { event } from '../support/push-records.ts';
import { type SourceServer, startSourceServer } from '../support/source-server.ts';

let source: SourceServer;
let keys: TestKeys;
let folder: string;
let database: string;
let admin: { authorization: string };
beforeAll(async () => {
  source = await startSourceServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ external: { ads: { performance: [] } } }));
  });
});
afterAll(() => source.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-reload-'));
  keys = await makeKeys();
  admin = await keys.create({ role: 'admin', 'all-workspaces': true });
  database = `reload_${randomBytes(6).toString('hex')}`;
  await createMigratedDatabase(database);
});
afterEach(async () => {
  await createSqlReader(inject('clickhouse'), 'default').command(`DROP DATABASE IF EXISTS ${database}`);
  await keys.close();
  await rm(folder, { recursive: true });
});

const fileOf = (name: string): string => join(folder, name);

const writeSources = (...names: string[]): Promise<void> =>
  writeFile(
    fileOf('sources.yaml'),
    `sources:\n${names.map((name) => `  - { name: ${name}, kind: ad_performance, url: "${source.url}/${name}" }\n`).join('')}`,
  );

/** What is read again on SIGHUP. */
const writeEnvironment = (values: Record<string, string>): Promise<void> =>
  writeFile(
    fileOf('env'),
    Object.entries({ SOURCES_FILE: fileOf('sources.yaml'), ...values })
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );

async function start() {
  const login = inject('clickhouse');
  const program = runProgram({
    CLICKHOUSE_URL: login.url,
    CLICKHOUSE_USER: login.username,
    CLICKHOUSE_PASSWORD: login.password,
    CLICKHOUSE_DATABASE: database,
    API_KEYS_FILE: keys.file,
    ENV_FILE: fileOf('env'),
    EVENT_RETENTION_DAYS: '20000',
  });
  const { url = '' } = await program.logged('utmql is ready');
  const ask = async (query: string, headers: Record<string, string> = admin) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });
    const body = (await response.json()) as {
      data?: Record<string, unknown>;
      errors?: { message: string; extensions: { code: string } }[];
    };
    const budget = response.headers.get('ratelimit-policy');
    return { status: response.status, budget, code: body.errors?.[0]?.extensions.code, ...body };
  };
  let reloads = 0;
  let refusals = 0;
  return {
    ...program,
    ask,
    async reload() {
      program.child.kill('SIGHUP');
      return program.logged('reloaded', ++reloads);
    },
    async refuseReload() {
      program.child.kill('SIGHUP');
      return program.logged('nothing was reloaded: everything stays as it was', ++refusals);
    },
    trigger: (name: string) =>
      ask(`mutation { triggerIngest(input: { sources: ["${name}"], wait: true }) { runs { status } } }`),
    /** What is logged at level debug only. */
    async push() {
      const response = await fetch(new URL('/events', url), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...admin },
        body: JSON.stringify(event(1)),
      });
      expect(response.ok).toBe(true);
    },
    async stop() {
      program.child.kill('SIGTERM');
      return program.ended;
    },
  };
}

const succeeded = { data: { triggerIngest: { runs: [{ status: 'SUCCEEDED' }] } } };
/** As it stands in log lines. */
const debug = 20;
const far = 90_000;

it(
  'SIGHUP puts log level, limits, keys and sources into force, and drops no request',
  async () => {
    await writeSources('first', 'second');
    await writeEnvironment({
      LOG_LEVEL: 'info',
      QUERY_MAX_ROOT_FIELDS: '2',
      RATE_LIMIT_PER_MINUTE: '1000000',
    });
    const program = await start();
    const statuses: number[] = [];
    let isOver = false;
    const callers = Array.from({ length: 4 }, async (_, caller) => {
      while (!isOver) {
        const query = `{ ingestRuns(first: ${caller + 1}) { id } }`;
        const failed = () => 0;
        statuses.push(await program.ask(query).then(({ status }) => status, failed));
      }
    });

    expect((await program.ask('{ a: __typename b: __typename c: __typename }')).code).toBe(
      'QUERY_TOO_COMPLEX',
    );
    await writeSources('second', 'third');
    await writeEnvironment({
      LOG_LEVEL: 'debug',
      QUERY_MAX_ROOT_FIELDS: '3',
      QUERY_MAX_COMPLEXITY: '1000',
      RATE_LIMIT_PER_MINUTE: '900000',
    });
    const viewer = await keys.create({ role: 'viewer', 'all-workspaces': true });
    expect(await program.reload()).toMatchObject({
      variables: ['LOG_LEVEL', 'RATE_LIMIT_PER_MINUTE', 'QUERY_MAX_ROOT_FIELDS', 'QUERY_MAX_COMPLEXITY'],
    });

    expect((await program.ask('{ a: __typename b: __typename c: __typename }')).code).toBeUndefined();
    expect((await program.ask('{ ingestRuns(first: 1000) { id status } }')).code).toBe('QUERY_TOO_COMPLEX');
    expect((await program.ask('{ __typename }')).budget).toContain('q=900000');
    expect(await program.trigger('third')).toMatchObject(succeeded);
    expect((await program.trigger('first')).errors?.[0]?.message).toContain('choose of second, third');
    expect((await program.ask('{ __typename }', viewer)).status).toBe(200);
    await program.push();
    await expect.poll(() => program.entries().some(({ level }) => level === debug)).toBe(true);

    // What a document may have holds also for those that were seen before.
    await writeEnvironment({
      QUERY_MAX_ROOT_FIELDS: '2',
      RATE_LIMIT_PER_MINUTE: '900000',
      QUERY_MAX_ROWS: '1000',
    });
    await keys.run(['revoke', idOf(viewer)]);
    await program.reload();
    expect((await program.ask('{ a: __typename b: __typename c: __typename }')).code).toBe(
      'QUERY_TOO_COMPLEX',
    );
    expect((await program.ask('{ ingestRuns(first: 1000) { id status } }')).code).toBeUndefined();
    expect((await program.ask('{ __typename }', viewer)).status).toBe(401);

    isOver = true;
    await Promise.all(callers);
    expect(statuses.length).toBeGreaterThan(50);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(await program.stop()).toBe(0);
  },
  far,
);

it(
  'a reload with anything wrong changes nothing, and tells all of it at once',
  async () => {
    await writeSources('first');
    await writeEnvironment({ LOG_LEVEL: 'info' });
    const program = await start();
    const keysBefore = await keys.run(['list']);

    await writeFile(fileOf('sources.yaml'), 'sources:\n  - { name: second, kind: nonsense }\n');
    await writeEnvironment({ LOG_LEVEL: 'debug', QUERY_MAX_ROOT_FIELDS: '1' });
    await writeFile(keys.file, 'not JSON');
    const { problems } = await program.refuseReload();
    expect(problems).toContain('API_KEYS_FILE');
    expect(problems).toContain('sources.yaml');
    expect(keysBefore).toContain('admin');
    expect((await program.ask('{ a: __typename b: __typename }')).status).toBe(200);
    expect(await program.trigger('first')).toMatchObject(succeeded);

    await writeEnvironment({ LOG_LEVEL: 'loud', QUERY_MAX_DEPTH: 'deep' });
    expect((await program.refuseReload()).problems).toMatch(/LOG_LEVEL.*\n.*QUERY_MAX_DEPTH/);
    await rm(fileOf('env'));
    expect((await program.refuseReload()).problems).toContain('ENV_FILE');
    await program.push();
    expect(await program.stop()).toBe(0);
    expect(program.entries().some(({ level }) => level === debug)).toBe(false);
  },
  far,
);

it(
  'says by name, and never by value, what needs a restart',
  async () => {
    await writeSources('first');
    await writeEnvironment({});
    const program = await start();
    await writeEnvironment({ CONTACT_HASH_KEY: 'another secret of many letters', REPORTING_CURRENCY: 'EUR' });
    await program.reload();
    expect(await program.logged('these variables have changed, which needs a restart')).toMatchObject({
      variables: ['REPORTING_CURRENCY', 'CONTACT_HASH_KEY'],
    });
    expect(program.output()).not.toContain('another secret');
    expect(await program.stop()).toBe(0);
  },
  far,
);
