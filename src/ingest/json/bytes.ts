/** The bytes that give JSON its structure. */
export const NEWLINE = 0x0a;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_ARRAY = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_ARRAY = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;

export const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Whether `whole` begins with all of `start`. */
export function isBeginningOf(start: Buffer, whole: Buffer): boolean {
  return start.length <= whole.length && start.equals(whole.subarray(0, start.length));
}

/** The index of the first byte in `[from, end)` that is not JSON white space, or `end`. */
export function skipSpace(bytes: Uint8Array, from: number, end: number = bytes.length): number {
  let i = from;
  while (i < end) {
    const byte = bytes[i];
    if (byte !== 0x20 && byte !== NEWLINE && byte !== 0x0d && byte !== 0x09) break;
    i++;
  }
  return i;
}

/** How many newlines lie in the first `end` bytes. */
export function countNewlines(bytes: Buffer, end: number): number {
  let count = 0;
  let at = bytes.indexOf(NEWLINE);
  while (at !== -1 && at < end) {
    count++;
    at = bytes.indexOf(NEWLINE, at + 1);
  }
  return count;
}
