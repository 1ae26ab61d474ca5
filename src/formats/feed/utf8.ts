import { isUtf8 } from 'node:buffer';

/** What a record is rejected with whose bytes are no UTF-8. */
export const notUtf8 = 'The record is not valid UTF-8.';

/** `bytes` as text; undefined where they are no UTF-8, which must never become U+FFFD: two names would become one. */
export const decodeUtf8 = (bytes: Buffer): string | undefined =>
  isUtf8(bytes) ? bytes.toString('utf8') : undefined;

/** `bytes` as text in which each byte that is no UTF-8 can be told: `b\\xE4r`. */
export function showBytes(bytes: Buffer): string {
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

/** How many bytes a character takes that begins so; 0: none does. */
function lengthOf(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}
