import { decodeUtf8 } from './utf8.ts';

/** What ends a record without inner objects, and the bytes of it. */
const SEPARATOR = '},';

/** Records parsed from the beginning of a block, and the byte behind the comma that follows the last of them. */
export interface FlatElements {
  readonly records: unknown[];
  readonly end: number;
}

/**
 * Parses the elements at the beginning of `bytes` on the guess that each ends at the first `},`. The guess proves itself:
 * text that is one whole JSON value can end nowhere else. This saves looking at every byte, a third of the time.
 *
 * `undefined` when the guess is wrong somewhere, because of inner objects, a `},` in a string, broken JSON, or bytes that are no UTF-8.
 */
export function parseFlatElements(bytes: Buffer): FlatElements | undefined {
  const last = bytes.lastIndexOf(SEPARATOR);
  if (last < 0) return { records: [], end: 0 };
  const text = decodeUtf8(bytes.subarray(0, last + SEPARATOR.length));
  if (text === undefined) return undefined;
  const records: unknown[] = [];
  try {
    for (let from = 0; from < text.length; ) {
      const end = text.indexOf(SEPARATOR, from);
      records.push(JSON.parse(text.slice(from, end + 1)));
      from = end + SEPARATOR.length;
    }
  } catch {
    return undefined;
  }
  return { records, end: last + SEPARATOR.length };
}
