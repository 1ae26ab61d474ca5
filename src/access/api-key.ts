import { createHash, randomBytes, randomInt } from 'node:crypto';

/** `utmql_<id>_<secret>`: the id names the key in lists and logs, the secret is 32 random bytes in base64url. */
const pattern = /^utmql_([0-9a-z]{10})_[\w-]{43}$/;
const idLetters = '0123456789abcdefghijklmnopqrstuvwxyz';

export interface NewKey {
  readonly id: string;
  /** The key itself, which nothing keeps. */
  readonly text: string;
  readonly sha256: string;
}

export function makeKey(): NewKey {
  const id = Array.from({ length: 10 }, () => idLetters[randomInt(idLetters.length)]).join('');
  const text = `utmql_${id}_${randomBytes(32).toString('base64url')}`;
  return { id, text, sha256: hashOfKey(text).toString('hex') };
}

/** The id in a text that has the form of a key. */
export const idInKey = (text: string): string | undefined => pattern.exec(text)?.[1];

export const isKeyLike = (text: string): boolean => text.startsWith('utmql_');

/** A fast hash is enough: a secret of 256 random bits cannot be guessed, however fast one tries. */
export const hashOfKey = (text: string): Buffer => createHash('sha256').update(text).digest();
