import { bind, empty, type Sql, sql } from '../clickhouse/sql.ts';
import { UtmqlError } from '../errors.ts';
import { compileFilter } from './compile-filter.ts';
import type { Filter } from './filter.ts';
import type { Side } from './registry.ts';

/** Which stored rows a caller may see at all, whatever they ask. Every read of a table takes one. */
export interface DataScope {
  readonly workspace: string;
  /** Of ads rows and CRM records, only those that it lets through; undefined: all of the workspace's. */
  readonly policy: Filter | undefined;
}

/** What stands first in every WHERE over ads rows or CRM records. */
export function visibleRows(side: Side, { workspace, policy }: DataScope): Sql {
  const allowed = policy === undefined ? empty : sql` AND ${compileFilter(policy, side)}`;
  return sql`workspace = ${bind('String', workspace)}${allowed}`;
}

/**
 * The same for tables whose rows no policy can tell apart (events, runs, rejected records).
 *
 * @throws UtmqlError FORBIDDEN for callers who may see only some rows
 */
export function workspaceRows({ workspace, policy }: DataScope): Sql {
  if (policy !== undefined) throw restrictedKeyError('This');
  return sql`workspace = ${bind('String', workspace)}`;
}

/** @param what as the beginning of the sentence */
export const restrictedKeyError = (what: string): UtmqlError =>
  new UtmqlError(
    'FORBIDDEN',
    `${what} cannot be shown to a key that may see some channels only. Ask with a key without such a restriction.`,
  );
