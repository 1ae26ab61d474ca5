import { bind, type CompiledSql, identifier, join, type Parameter, Sql, sql } from './sql.ts';
import type { Columns } from './store.ts';

/**
 * The statement before a body of rows. RowBinary is read as plain types by `input` and then converted, column by column:
 * a third faster than being read straight into LowCardinality columns, value by value.
 *
 * @param constants columns that are not in the body, each with the value that all its rows get
 */
export function insertStatement(
  table: string,
  columns: Columns,
  format: 'RowBinary' | 'JSONEachRow',
  constants: Readonly<Record<string, Parameter>>,
): CompiledSql {
  const names = Object.keys(columns).map(identifier);
  const fixed = Object.entries(constants);
  const target = sql`INSERT INTO ${identifier(table)} (${join([...names, ...fixed.map(([name]) => identifier(name))], ', ')})`;
  if (format === 'JSONEachRow') {
    if (fixed.length > 0) throw new Error('JSONEachRow takes no constants');
    return sql`${target} FORMAT JSONEachRow`.compile();
  }
  const structure = Object.entries(columns).map(([name, type]) => new Sql([`${name} ${type}`], []));
  const values = fixed.map(([, { type, value }]) => sql`${bind(type, value)}`);
  return sql`${target} SELECT ${join([...names, ...values], ', ')} FROM input('${join(structure, ', ')}') FORMAT RowBinary`.compile();
}
