import { bind, type Sql, sql } from '../clickhouse/sql.ts';
import type { Store } from '../clickhouse/store.ts';

/** The tables that rollups are built from. */
const baseTables = ['ad_performance', 'opportunities'] as const;

/** Of all parts that an answer from rollups depends on: differs after each change, and after merges. */
export function partsHash({ layout, database }: Pick<Store, 'layout' | 'database'>): Sql {
  const held = [...baseTables, 'rollup_days'].map((table) => layout.heldName(table));
  // A path has the UUID of the table and the name of the part. Not their XOR: equal ones of two shards would cancel out.
  return sql`
    SELECT concat(toString(count()), ' ', toString(sum(sipHash64(path)))) AS hash
    FROM ${layout.system('parts')}
    WHERE active AND database = ${bind('String', database)} AND table IN (${bind('Array(String)', held)})`;
}

/**
 * `date`, `base` and `stored` (number of rows, before they are merged) of every day that the base tables have. `base` is a hash of
 * the parts of that day. An insert changes it, a mutation and a dropped part, too; a merge does not, since the merged part
 * covers the same blocks. So nobody who writes has to say that a day has changed, and none can forget it.
 *
 * Parts are told by block numbers: a merge keeps the lowest and the highest. A mutation gives each part its number as it gets
 * to it: the lowest changes with the last part. `path` holds the UUID of the table, which a restored backup has anew.
 */
export function baseDays({ layout, database }: Pick<Store, 'layout' | 'database'>): Sql {
  const held = baseTables.map((table) => layout.heldName(table));
  return sql`
    SELECT toDate(partition) AS date,
           sipHash64(arraySort(groupArray((table_id, first_block, last_block, least_mutation, last_mutation)))) AS base,
           sum(rows_of_table) AS stored
    FROM (
      SELECT partition, splitByChar('/', path)[-3] AS table_id, min(min_block_number) AS first_block,
             max(max_block_number) AS last_block, sum(rows) AS rows_of_table,
             min(if(data_version > min_block_number, data_version, 0)) AS least_mutation,
             max(if(data_version > min_block_number, data_version, 0)) AS last_mutation
      FROM ${layout.system('parts')}
      WHERE active AND database = ${bind('String', database)} AND table IN (${bind('Array(String)', held)})
      GROUP BY partition, table_id
    )
    GROUP BY partition`;
}
