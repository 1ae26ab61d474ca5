import { type UtmColumn, utmColumns } from '../model/aliases.ts';
import { canonicalValue } from '../model/canonical-value.ts';
import type { Model } from '../model/model.ts';
import { type ColumnOf, snakeCase, type TextDimension } from './registry.ts';

const utmColumnOf = new Map<string, UtmColumn>(utmColumns.map((column) => [column, column]));

/** The aliases of a dimension; undefined: it has none. */
export function aliasesOf(
  dimension: TextDimension,
  model: Model | undefined,
): ReadonlyMap<string, string> | undefined {
  const column = model && utmColumnOf.get(snakeCase(dimension));
  return column && model.aliases[column];
}

/** Columns with what their values count as. Without aliases these are the columns themselves. */
export const canonicalColumns =
  (columnOf: ColumnOf, model: Model | undefined): ColumnOf =>
  (dimension) =>
    canonicalValue(columnOf(dimension), aliasesOf(dimension, model));
