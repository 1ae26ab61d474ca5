import { bind, type Parameter, type Sql, sql } from '../clickhouse/sql.ts';

/** Parameters by aliases: all parts of a statement share one list, which is sent once. */
const parametersOf = new WeakMap<ReadonlyMap<string, string>, { from: Parameter; to: Parameter }>();

/**
 * The value that a stored one counts as: itself, unless it is an alias.
 *
 * @param aliases undefined: no value is one
 */
export function canonicalValue(stored: Sql, aliases: ReadonlyMap<string, string> | undefined): Sql {
  if (aliases === undefined) return stored;
  const { from, to } = parametersOf.get(aliases) ?? {
    from: bind('Array(String)', [...aliases.keys()]),
    to: bind('Array(String)', [...aliases.values()]),
  };
  parametersOf.set(aliases, { from, to });
  return sql`transform(toString(${stored}), ${from}, ${to}, toString(${stored}))`;
}
