/** Characters of a text that cost as much as one value of an answer. */
const charactersOfOne = 32;

/**
 * What the texts in arguments cost each time that they are sent to the database: one for every 32 characters begun of each.
 * Lists and objects that several fields share, since they come from one variable, are looked at once.
 */
export function createTextCost(): (argument: unknown) => number {
  const known = new WeakMap<object, number>();
  const costOf = (value: unknown): number => {
    if (typeof value === 'string') return Math.floor(value.length / charactersOfOne) + 1;
    if (typeof value !== 'object' || value === null) return 0;
    const before = known.get(value);
    if (before !== undefined) return before;
    let cost = 0;
    for (const part of Array.isArray(value) ? value : Object.values(value)) cost += costOf(part);
    known.set(value, cost);
    return cost;
  };
  return costOf;
}
