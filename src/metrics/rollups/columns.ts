import { identifier, type Sql, sql } from '../../clickhouse/sql.ts';
import { isBreakdown, isEventField, type StoredField, snakeCase } from '../registry.ts';
import type { RollupSet } from './sets.ts';

/** Where rows of a set have a dimension. */
export const dimensionColumn = ({ lead }: RollupSet, name: StoredField): Sql => {
  if (isBreakdown(name) || isEventField(name)) return sql`''`;
  return name === lead ? sql`lead` : identifier(snakeCase(name));
};
