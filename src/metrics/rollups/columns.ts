import { identifier, type Sql, sql } from '../../clickhouse/sql.ts';
import { isBreakdown, snakeCase, type TextDimension } from '../registry.ts';
import type { RollupSet } from './sets.ts';

/** Where rows of a set have a dimension. */
export const dimensionColumn = ({ lead }: RollupSet, name: TextDimension): Sql => {
  if (isBreakdown(name)) return sql`''`;
  return name === lead ? sql`lead` : identifier(snakeCase(name));
};
