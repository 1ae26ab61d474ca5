import type { ClickHouseSettings } from '@clickhouse/client';
import { identifier, type Sql, sql } from './sql.ts';

/**
 * Where the rows of a table are: on one server, or spread over the shards of a cluster. Reads and inserts name a table and
 * need not know; only statements about parts, partitions and what runs do.
 */
export interface Layout {
  /** Tells layouts apart that put a row elsewhere; undefined: one server. */
  readonly shape: string | undefined;
  /** Replicas follow each other table by table, so that what one table says of another may not hold on all of them. */
  readonly isReplicated: boolean;
  /** Go with every query. */
  readonly settings: ClickHouseSettings;
  /** Go with commands whose effect on a server that is down can wait until it is back. */
  readonly upkeep: ClickHouseSettings;
  /** HTTP addresses that a command with `everywhere` goes to, each by itself; none: only the usual one. */
  readonly urls: readonly string[];
  /** Stands after `ALTER TABLE` and the like, in a command with `everywhere`: the table as each server holds it. */
  held(table: string): Sql;
  /** The name of that table in `system.parts`. */
  heldName(table: string): string;
  /** Stands in other commands with `everywhere`, where their syntax has ON CLUSTER. */
  readonly onCluster: Sql;
  /** A table of `system`, with what it says of each shard. */
  system(table: 'one' | 'parts' | 'query_log'): Sql;
  /** One statement of a migration as the statements to execute, each with `everywhere`. */
  translate(statement: string): readonly string[];
  /** The age in whole seconds of the server that was started last, of those whose restart matters to inserts: a query. */
  readonly uptime: Sql;
}

/** All on the one server at CLICKHOUSE_URL, or on the program's own. */
export const singleServer: Layout = {
  shape: undefined,
  isReplicated: false,
  settings: {},
  upkeep: {},
  urls: [],
  held: identifier,
  heldName: (table) => table,
  onCluster: sql``,
  system: (table) => sql`system.${identifier(table)}`,
  translate: (statement) => [statement],
  uptime: sql`SELECT uptime() AS seconds`,
};
