import type { StoredKey } from './keys-file.ts';

/** A change of a key between two reads of the file. */
export interface KeyChange {
  readonly what: 'created' | 'changed' | 'revoked' | 'removed';
  readonly key: StoredKey;
}

type Keys = ReadonlyMap<string, StoredKey>;

export const keyChanges = (before: Keys, after: Keys): readonly KeyChange[] => [
  ...[...after.values()].flatMap((key): KeyChange[] => {
    const known = before.get(key.id);
    if (known === undefined) return [{ what: 'created', key }];
    if (JSON.stringify(known) === JSON.stringify(key)) return [];
    const isRevoked = key.revokedAt !== undefined && known.revokedAt === undefined;
    return [{ what: isRevoked ? 'revoked' : 'changed', key }];
  }),
  ...[...before.values()].flatMap((key): KeyChange[] =>
    after.has(key.id) ? [] : [{ what: 'removed', key }],
  ),
];
