import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { bind, sql } from '../../src/clickhouse/sql.ts';
import { type Table, tables } from '../../src/clickhouse/tables.ts';
import { openMigratedStore } from '../support/database.ts';

const tableRow = z.object({ name: z.string(), partition_key: z.string(), columns: z.array(z.string()) });

let store: Awaited<ReturnType<typeof openMigratedStore>>;
let stored: z.infer<typeof tableRow>[];
beforeAll(async () => {
  store = await openMigratedStore();
  stored = await store.select(
    tableRow,
    sql`SELECT made.name AS name, partition_key, columns FROM (
          SELECT name, partition_key FROM system.tables WHERE database = ${bind('String', store.database)}
        ) AS made
        INNER JOIN (
          SELECT table, groupArray(name) AS columns FROM system.columns
          WHERE database = ${bind('String', store.database)} GROUP BY table
        ) AS held ON made.name = held.table`,
  );
});
afterAll(() => store.drop());

it('every table is declared, and no other', () => {
  expect(Object.keys(tables).sort()).toEqual(stored.map(({ name }) => name).sort());
});

it('what is kept for some days is partitioned by day, what a workspace deletes from says whose it is', () => {
  for (const [name, { keptFor, isEmptied, isStaging }] of Object.entries<Table>(tables)) {
    const table = stored.find((row) => row.name === name);
    if (keptFor !== undefined) expect(table?.partition_key, name).toBe('date');
    if (isEmptied) expect(table?.columns, name).toEqual(expect.arrayContaining(['workspace', 'date']));
    if (isStaging) expect(table?.partition_key, name).toBe('run_id');
  }
});
