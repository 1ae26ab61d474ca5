import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bind, sql } from '../../src/clickhouse/sql.ts';
import type { Store } from '../../src/clickhouse/store.ts';
import { readConfig } from '../../src/config/config.ts';
import { createOwnServerUsers, ownServerConfig } from '../../src/sql-users/own-server-users.ts';
import { onClusterOf, placeOf } from '../../src/sql-users/place.ts';
import { sqlUserSchema } from '../../src/sql-users/sql-user.ts';
import { creationOf, removalOf } from '../../src/sql-users/statements.ts';
import { openStore } from '../support/database.ts';
import { hashOf } from './hash.ts';

const user = { name: 'metabase', workspace: 'acme', passwordSha256: hashOf('x') };
const place = placeOf(readConfig({}));

let store: Store & { drop(): Promise<void> };
let folder: string;
beforeAll(async () => {
  store = await openStore();
  folder = await mkdtemp(join(tmpdir(), 'utmql-sql-users-'));
});
afterAll(async () => {
  await store.drop();
  await rm(folder, { recursive: true });
});

it.each([
  '',
  " ON CLUSTER 'two-shards'",
])('the real ClickHouse can parse every statement%s', async (onCluster) => {
  const there = { ...place, isCluster: onCluster !== '' };
  const statements = [...creationOf(user, there, onCluster), ...removalOf(user.name, there, onCluster)];
  for (const statement of statements) {
    const { rows } = await store.read(sql`SELECT formatQuerySingleLine(${bind('String', statement)})`);
    const [written = ''] = rows[0] as [string];
    if (onCluster !== '') expect(written, statement).toMatch(/ON CLUSTER `?two-shards/);
    expect(written.length).toBeGreaterThan(20);
  }
});

it('the rows are restricted before there is a user, and the right to read comes last', () => {
  const kinds = creationOf(user, place).map((statement) => /^(CREATE [A-Z]+|GRANT)/.exec(statement)?.[1]);
  expect(kinds).toEqual([
    'CREATE ROW',
    'CREATE ROW',
    'CREATE SETTINGS',
    'CREATE USER',
    'CREATE ROW',
    'CREATE ROW',
    'CREATE QUOTA',
    'GRANT',
    'GRANT',
  ]);
});

it('a cluster with Keeper passes the statements on; without, each server is asked', () => {
  const cluster = { CLICKHOUSE_URL: 'http://a:1', CLICKHOUSE_CLUSTER: 'c' };
  expect(onClusterOf(readConfig(cluster))).toBe(" ON CLUSTER 'c'");
  expect(onClusterOf(readConfig({ ...cluster, CLICKHOUSE_SHARD_URLS: 'http://a:1' }))).toBe('');
});

describe('names that could mean something in SQL or XML are refused', () => {
  it.each([
    "a'b",
    'a b',
    'a;',
    'A',
    '1a',
    '',
    'default',
    'a`',
    '<a>',
    'a'.repeat(41),
    'ä',
  ])('user %j', (name) => {
    expect(sqlUserSchema.safeParse({ ...user, name }).success).toBe(false);
  });
  it.each([
    "a' OR 1",
    "'",
    '',
    ' acme',
    'a\\',
    'a&b',
    '<a>',
    'a\nb',
    'ä',
    '.a',
    'a'.repeat(65),
  ])('workspace %j', (workspace) => {
    expect(sqlUserSchema.safeParse({ ...user, workspace }).success).toBe(false);
  });
});

describe('users of the own server', () => {
  const config = () => readConfig({ DATA_DIR: folder });

  it('are kept, listed and removed; a name is taken once, also by many at a time', async () => {
    const users = createOwnServerUsers(config());
    expect(await ownServerConfig(config())).toBeUndefined();
    const results = await Promise.allSettled(
      ['a', 'b', 'a', 'c', 'b'].map((name) => users.create({ ...user, name }, 'x')),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect((await users.list()).map(({ name }) => name).sort()).toEqual(['a', 'b', 'c']);
    expect(await ownServerConfig(config())).toBe(join(folder, 'clickhouse-config', 'config.xml'));
    await users.remove('b');
    await expect(users.remove('b')).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining('has made no user "b"'),
    });
    expect((await users.list()).map(({ name }) => name).sort()).toEqual(['a', 'c']);
    for (const name of ['a', 'c']) await users.remove(name);
    expect(await ownServerConfig(config())).toBeUndefined();
  });
});
