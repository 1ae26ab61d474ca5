import { createHash } from 'node:crypto';

/** Lists of at least this length are replaced by their digest. */
const digestFromLength = 20;

const digests = new WeakMap<readonly unknown[], string>();

/**
 * Returns a text that is equal for equal queries and different for different ones, in every process and version: cursors
 * contain its hash. A long list of texts, such as the campaigns of a filter, is replaced by its digest, computed once a list.
 */
export const queryKey = (query: unknown): string =>
  JSON.stringify(query, (_name, value: unknown) =>
    Array.isArray(value) && value.length > digestFromLength && typeof value[0] === 'string'
      ? digestOf(value)
      : value,
  );

function digestOf(list: readonly unknown[]): string {
  const known = digests.get(list);
  if (known !== undefined) return known;
  const digest = createHash('sha256').update(JSON.stringify(list)).digest('base64url');
  digests.set(list, digest);
  return digest;
}
