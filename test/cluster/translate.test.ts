import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { toClusterStatements } from '../../src/clickhouse/cluster/translate.ts';
import { readMigrations, splitStatements } from '../../src/clickhouse/migrations/migrate.ts';
import { bind, sql } from '../../src/clickhouse/sql.ts';
import { type TableName, tables } from '../../src/clickhouse/tables.ts';
import { migrationsFolder, openMigratedStore } from '../support/database.ts';

const replicated = { cluster: 'prod', database: 'utmql', isReplicated: true };
const plain = { ...replicated, isReplicated: false };
const statements = (await readMigrations(migrationsFolder)).flatMap(({ text }) => splitStatements(text));

let store: Awaited<ReturnType<typeof openMigratedStore>>;
beforeAll(async () => {
  store = await openMigratedStore();
});
afterAll(() => store.drop());

describe('a table', () => {
  const create = `-- Why, with a comma, and ENGINE = Log.
    CREATE TABLE IF NOT EXISTS events
    (
        workspace LowCardinality(String), -- , (
        date      Date COMMENT 'a day; not -- a comment, ''ENGINE = MergeTree'' (no)',
        event_id  String
    )
    ENGINE = ReplacingMergeTree(version, is_deleted)
    PARTITION BY date
    ORDER BY (date, workspace, event_id)
    TTL date + INTERVAL 30 DAY
    SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000`;
  const squeezed = (list: readonly string[]): string[] =>
    list.map((text) => text.replace(/\s+/g, ' ').trim());
  const columns =
    "( workspace LowCardinality(String), date Date COMMENT 'a day; not -- a comment, ''ENGINE = MergeTree'' (no)', event_id String )";
  const storage =
    'PARTITION BY date ORDER BY (date, workspace, event_id) TTL date + INTERVAL 30 DAY SETTINGS';

  it('is replicated on each shard and spread over all, by the DDL of one server', () => {
    expect(squeezed(toClusterStatements(create, replicated))).toEqual([
      `CREATE TABLE IF NOT EXISTS utmql.events_local ON CLUSTER 'prod' ${columns} ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/events', '{replica}', version, is_deleted) ${storage} ttl_only_drop_parts = 1, replicated_deduplication_window = 1000`,
      "CREATE TABLE IF NOT EXISTS utmql.events ON CLUSTER 'prod' AS utmql.events_local ENGINE = Distributed('prod', 'utmql', 'events_local', sipHash64(event_id))",
    ]);
  });

  it('is on each shard once without Keeper, by the DDL of each server', () => {
    expect(squeezed(toClusterStatements(create, plain))).toEqual([
      `CREATE TABLE IF NOT EXISTS utmql.events_local ${columns} ENGINE = ReplacingMergeTree(version, is_deleted) ${storage} ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000`,
      "CREATE TABLE IF NOT EXISTS utmql.events AS utmql.events_local ENGINE = Distributed('prod', 'utmql', 'events_local', sipHash64(event_id))",
    ]);
  });

  it('needs a sharding key, and the message says where to declare it', () => {
    expect(() =>
      toClusterStatements(create.replace('EXISTS events', 'EXISTS leases_of_mars'), plain),
    ).toThrow('The table leases_of_mars has no sharding key: declare one in src/clickhouse/tables.ts');
  });
});

it.each([
  [
    "ALTER TABLE events ADD COLUMN IF NOT EXISTS a String COMMENT 'x, y', ADD COLUMN IF NOT EXISTS b Map(String, UInt64)",
    [
      "ALTER TABLE utmql.events_local ON CLUSTER 'prod' ADD COLUMN IF NOT EXISTS a String COMMENT 'x, y', ADD COLUMN IF NOT EXISTS b Map(String, UInt64)",
      "ALTER TABLE utmql.events ON CLUSTER 'prod' ADD COLUMN IF NOT EXISTS a String COMMENT 'x, y', ADD COLUMN IF NOT EXISTS b Map(String, UInt64)",
    ],
  ],
  [
    'ALTER TABLE events DROP COLUMN IF EXISTS a',
    [
      "ALTER TABLE utmql.events ON CLUSTER 'prod' DROP COLUMN IF EXISTS a",
      "ALTER TABLE utmql.events_local ON CLUSTER 'prod' DROP COLUMN IF EXISTS a",
    ],
  ],
  [
    'ALTER TABLE events ADD COLUMN a String, ADD INDEX i a TYPE bloom_filter(0.01) GRANULARITY 1',
    [
      "ALTER TABLE utmql.events_local ON CLUSTER 'prod' ADD COLUMN a String, ADD INDEX i a TYPE bloom_filter(0.01) GRANULARITY 1",
      "ALTER TABLE utmql.events ON CLUSTER 'prod' ADD COLUMN a String",
    ],
  ],
  [
    'ALTER TABLE events MODIFY SETTING non_replicated_deduplication_window = 1000, index_granularity = 8',
    [
      "ALTER TABLE utmql.events_local ON CLUSTER 'prod' MODIFY SETTING replicated_deduplication_window = 1000, index_granularity = 8",
    ],
  ],
  [
    'ALTER TABLE events MODIFY TTL date + INTERVAL 3 DAY',
    ["ALTER TABLE utmql.events_local ON CLUSTER 'prod' MODIFY TTL date + INTERVAL 3 DAY"],
  ],
  [
    'DROP TABLE IF EXISTS events',
    [
      "DROP TABLE IF EXISTS utmql.events ON CLUSTER 'prod' SYNC",
      "DROP TABLE IF EXISTS utmql.events_local ON CLUSTER 'prod' SYNC",
    ],
  ],
])('%s', (statement, expected) => {
  expect(toClusterStatements(statement, replicated)).toEqual(expected);
});

it('rows of one table that are written into another are spread by the tables above', () => {
  const insert = 'INSERT INTO events (a) SELECT a FROM ad_performance';
  expect(toClusterStatements(`-- Why.\n${insert}`, replicated)).toEqual([insert]);
});

it.each([
  'INSERT INTO events VALUES (1)',
  'RENAME TABLE events TO happenings',
  'CREATE MATERIALIZED VIEW v TO events AS SELECT 1',
  'CREATE TABLE events (a String) ENGINE = Log',
  'CREATE TABLE other.events (a String) ENGINE = MergeTree ORDER BY a',
  'ALTER TABLE events ATTACH PARTITION 1',
  'ALTER TABLE events ADD COLUMN a String, FREEZE',
])('refuses what it does not know, instead of leaving it out: %s', (statement) => {
  expect(() => toClusterStatements(statement, replicated)).toThrow(
    'teach src/clickhouse/cluster/translate.ts',
  );
});

describe('every statement of the migrations', () => {
  it('has a translation that the real ClickHouse can parse', async () => {
    for (const target of [replicated, plain]) {
      for (const translated of statements.flatMap((statement) => toClusterStatements(statement, target))) {
        const [row] = await store.select(
          z.object({ text: z.string() }),
          sql`SELECT formatQuery(${bind('String', translated)}) AS text`,
        );
        const isData = row?.text.startsWith('INSERT');
        expect(row?.text.includes('ON CLUSTER'), translated).toBe(target.isReplicated && !isData);
        expect(row?.text, translated).not.toMatch(
          target.isReplicated ? /non_replicated|ENGINE = (Replacing)?MergeTree/ : /Replicated/,
        );
      }
    }
  });
});

it('no table’s versions of one row can be on two shards: its sharding key is of columns of its ORDER BY', async () => {
  const stored = await store.select(
    z.object({ name: z.string(), engine: z.string(), sorting_key: z.string() }),
    sql`SELECT name, engine, sorting_key FROM system.tables WHERE database = ${bind('String', store.database)}`,
  );
  for (const { name, engine, sorting_key: sortingKey } of stored) {
    const key = tables[name as TableName]?.shardingKey;
    expect(key, `${name}: declare its sharding key in src/clickhouse/tables.ts`).toBeDefined();
    if (!engine.startsWith('Replacing')) continue;
    const columns = (key ?? '').match(/\b[a-z_]+\b(?!\()/g) ?? [];
    expect(sortingKey.split(', '), `${name} is spread by ${key}`).toEqual(expect.arrayContaining(columns));
  }
});
