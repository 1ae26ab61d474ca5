import { createHash, randomBytes, randomInt } from 'node:crypto';

/** `utmql_<id>_<secret>`: the id names the key in lists and logs, the secret is 32 random bytes in base64url. */
const pattern = /^utmql_([0-9a-z]{10})_[\w-]{43}$/;
const idLetters = '0123456789abcdefghijklmnopqrstuvwxyz';

export interface NewKey {
  readonly id: string;
  /** The key itself, which is never stored. */
  readonly text: string;
  readonly sha256: string;
}

export function makeKey(): NewKey {
  const id = Array.from({ length: 10 }, () => idLetters[randomInt(idLetters.length)]).join('');
  const text = `utmql_${id}_${randomBytes(32).toString('base64url')}`;
  return { id, text, sha256: hashOfKey(text).toString('hex') };
}

/** Returns the id in a text with the form of a key. */
export const idInKey = (text: string): string | undefined => pattern.exec(text)?.[1];

export const isKeyLike = (text: string): boolean => text.startsWith('utmql_');

/** A fast hash is sufficient: a secret of 256 random bits cannot be found by trying. */
export const hashOfKey = (text: string): Buffer => createHash('sha256').update(text).digest();
