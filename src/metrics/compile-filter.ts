import { bind, join, type Sql, sql } from '../clickhouse/sql.ts';
import { normaliseIdentifier, normaliseLabel, unknown } from '../records/text.ts';
import type { Filter } from './query.ts';
import { type LabelName, labels, type Side } from './registry.ts';

/** A filter as a condition on one side's table. Dimensions that the side does not know are null there, stored as ''. */
export function compileFilter(filter: Filter, side: Side): Sql {
  if ('and' in filter)
    return filter.and.length === 0
      ? sql`1`
      : sql`(${join(
          filter.and.map((part) => compileFilter(part, side)),
          ' AND ',
        )})`;
  if ('or' in filter)
    return filter.or.length === 0
      ? sql`0`
      : sql`(${join(
          filter.or.map((part) => compileFilter(part, side)),
          ' OR ',
        )})`;
  if ('not' in filter) return sql`NOT ${compileFilter(filter.not, side)}`;
  const column = labels[filter.dimension].columns[side] ?? sql`''`;
  if (filter.operator === 'isUnknown')
    return sql`(${column} IN ('', ${bind('String', unknown)}) = ${bind('UInt8', filter.holds ? 1 : 0)})`;
  const { operator } = filter;
  const values = filter.values.map((value) => storedForm(filter.dimension, value));
  const first = values[0] ?? '';
  switch (operator) {
    case 'eq':
      return sql`(${column} = ${bind('String', first)})`;
    case 'ne':
      return sql`(${column} != ${bind('String', first)})`;
    case 'in':
      return sql`(${column} IN (${bind('Array(String)', values)}))`;
    case 'notIn':
      return sql`(${column} NOT IN (${bind('Array(String)', values)}))`;
    case 'contains':
      return sql`(position(${column}, ${bind('String', first)}) > 0)`;
    case 'startsWith':
      return sql`startsWith(${column}, ${bind('String', first)})`;
    case 'endsWith':
      return sql`endsWith(${column}, ${bind('String', first)})`;
    default:
      return operator satisfies never;
  }
}

/** Filters are written as people know the values ("Google"); they are stored normalised ("google"). */
function storedForm(dimension: LabelName, value: string): string {
  const form = labels[dimension].values;
  switch (form) {
    case 'label':
      return normaliseLabel(value);
    case 'identifier':
      return normaliseIdentifier(value);
    case 'code':
      return value.trim().toUpperCase();
    default:
      return form satisfies never;
  }
}
