import type { Filter } from './filter.ts';
import type { Field } from './registry.ts';

/** Operators that merge: `a = 1 OR a = 2` is `a IN (1, 2)`, `a != 1 AND a != 2` is `a NOT IN (1, 2)`. */
const lists = {
  or: { one: 'eq', many: 'in' },
  and: { one: 'ne', many: 'notIn' },
} as const;

/**
 * Returns the fewest conditions equal to `parts` joined by `by`. Equality conditions on one dimension become one list, at the
 * position of the first of them.
 */
export function joinConditions(parts: readonly Filter[], by: 'or' | 'and'): readonly Filter[] {
  const { one, many } = lists[by];
  const values = new Map<Field, (string | null)[]>();
  const joined: Filter[] = [];
  for (const part of parts) {
    if (!('operator' in part) || (part.operator !== one && part.operator !== many)) {
      joined.push(part);
      continue;
    }
    const list = values.get(part.dimension);
    if (list === undefined) {
      const begun = [...part.values];
      values.set(part.dimension, begun);
      joined.push({ dimension: part.dimension, operator: many, values: begun });
    } else for (const value of part.values) list.push(value);
  }
  // A condition that merged with no other keeps its form.
  return joined.length === parts.length ? parts : joined;
}

/** Returns the number of conditions in a filter. */
export function countConditions(filter: Filter): number {
  if ('and' in filter) return filter.and.reduce((sum, part) => sum + countConditions(part), 0);
  if ('or' in filter) return filter.or.reduce((sum, part) => sum + countConditions(part), 0);
  return 'not' in filter ? countConditions(filter.not) : 1;
}
