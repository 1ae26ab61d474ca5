import { type UtmColumn, utmColumns } from '../aliases/aliases.ts';
import type { Model } from './model.ts';
import { type Field, snakeCase } from './registry.ts';

const utmColumnOf = new Map<string, UtmColumn>(utmColumns.map((column) => [column, column]));

/** The aliases of a field; undefined: it has none. */
export function aliasesOf(
  field: Field,
  model: Pick<Model, 'aliases'> | undefined,
): ReadonlyMap<string, string> | undefined {
  const column = model && utmColumnOf.get(snakeCase(field));
  return column && model.aliases[column];
}
