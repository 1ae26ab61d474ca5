import { bind, identifier, type Sql, sql } from '../../clickhouse/sql.ts';
import type { Aliases, UtmColumn } from '../../model/aliases.ts';

/** The value that a stored one counts as: itself, unless it is an alias. */
export function canonicalValue(column: UtmColumn, aliases: Aliases): Sql {
  const stored = sql`toString(${identifier(column)})`;
  const names = aliases[column];
  if (names === undefined) return stored;
  return sql`transform(${stored}, ${bind('Array(String)', [...names.keys()])}, ${bind('Array(String)', [...names.values()])}, ${stored})`;
}
