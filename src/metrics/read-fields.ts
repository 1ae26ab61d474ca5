import { sourcesOf } from './canonical-columns.ts';
import type { Filter } from './filter.ts';
import type { Plan } from './plan.ts';
import { type Field, isOwnDimension, type StoredField } from './registry.ts';

/**
 * The stored fields that a plan groups, filters or folds by, besides the date.
 *
 * @param conditions of its sums
 */
export function fieldsRead(
  { groupBy, where, policy, fold, model }: Pick<Plan, 'groupBy' | 'where' | 'policy' | 'fold' | 'model'>,
  conditions: readonly (Filter | undefined)[],
): ReadonlySet<StoredField> {
  const fields = new Set<Field>(groupBy.filter((name) => name !== 'date'));
  for (const filter of [where, policy, ...conditions]) if (filter !== undefined) addFields(filter, fields);
  if (fold !== undefined) fields.add(fold.dimension);
  const stored = new Set<StoredField>();
  for (const field of fields)
    for (const name of isOwnDimension(field) ? sourcesOf(field, model) : [field]) stored.add(name);
  return stored;
}

function addFields(filter: Filter, found: Set<Field>): void {
  if ('and' in filter) for (const part of filter.and) addFields(part, found);
  else if ('or' in filter) for (const part of filter.or) addFields(part, found);
  else if ('not' in filter) addFields(filter.not, found);
  else found.add(filter.dimension);
}
