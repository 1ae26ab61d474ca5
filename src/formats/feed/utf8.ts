import { isUtf8 } from 'node:buffer';

/** Detail of a record rejected for invalid UTF-8. */
export const notUtf8 = 'The record is not valid UTF-8.';

/** Decodes `bytes`; undefined if they are invalid UTF-8, since replacing them by U+FFFD could make two names equal. */
export const decodeUtf8 = (bytes: Buffer): string | undefined =>
  isUtf8(bytes) ? bytes.toString('utf8') : undefined;

/** Decodes `bytes`, with each invalid byte escaped: `b\\xE4r`. */
export function escapeInvalidBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = lengthOf(bytes[at] ?? 0);
    if (length === 1 || (length > 1 && isUtf8(bytes.subarray(at, at + length)))) {
      at += length;
      continue;
    }
    parts.push(bytes.toString('utf8', from, at), `\\x${bytes.toString('hex', at, at + 1).toUpperCase()}`);
    from = ++at;
  }
  return parts.join('') + bytes.toString('utf8', from);
}

/** Returns the length of a character by its first byte; 0 if the byte is invalid. */
function lengthOf(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}
