import { bind, empty, type Sql, sql } from '../clickhouse/sql.ts';
import { UtmqlError } from '../errors.ts';
import { compileFilter } from './compile-filter.ts';
import type { Filter } from './filter.ts';
import type { Model } from './model.ts';
import type { ColumnOf, Side } from './registry.ts';

/** The stored rows that a caller may see. Every read of a table takes one. */
export interface DataScope {
  readonly workspace: string;
  /** Restricts ads rows and CRM records; undefined: all of the workspace. */
  readonly policy: Filter | undefined;
  /** What values of these rows count as, in filters and groups. Undefined: as what is stored. */
  readonly model?: Model | undefined;
}

/** The first condition of every WHERE over ads rows or CRM records. */
export function visibleRows(place: Side | ColumnOf, { workspace, policy }: DataScope): Sql {
  const allowed = policy === undefined ? empty : sql` AND ${compileFilter(policy, place)}`;
  return sql`workspace = ${bind('String', workspace)}${allowed}`;
}

/**
 * The same for tables to which no policy applies (events, runs, rejected records).
 *
 * @throws UtmqlError FORBIDDEN if the caller has a policy
 */
export function workspaceRows({ workspace, policy }: DataScope): Sql {
  if (policy !== undefined) throw restrictedKeyError('This');
  return sql`workspace = ${bind('String', workspace)}`;
}

/** @param what subject of the error's sentence */
export const restrictedKeyError = (what: string): UtmqlError =>
  new UtmqlError(
    'FORBIDDEN',
    `${what} cannot be shown to a key that may see some channels only. Ask with a key without such a restriction.`,
  );
