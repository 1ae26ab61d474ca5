import { createHash } from 'node:crypto';

/** Longer lists are named by their digest. */
const digestFromLength = 20;

const digests = new WeakMap<readonly unknown[], string>();

/**
 * A text that two queries share exactly when they are the same: of processes and versions alike, since cursors hold its hash.
 * A long list of texts, such as all the campaigns of a filter, stands in it as its digest and is read once, however many
 * queries have it.
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
