import { malformedFeedError } from './feed/feed-stage.ts';

/** Supported encodings. `utf-16` follows the byte order mark; without one it is little-endian. */
export const encodings = ['utf-8', 'utf-16', 'utf-16le', 'utf-16be', 'windows-1252', 'iso-8859-1'] as const;
export type Encoding = (typeof encodings)[number];

const bigEndianMark = Buffer.from([0xfe, 0xff]);

/**
 * Transcodes a body to UTF-8, which the readers require.
 *
 * @throws UtmqlError SOURCE_MALFORMED for bytes that are invalid in the encoding
 */
export async function* toUtf8(
  body: AsyncIterable<Uint8Array>,
  encoding: Encoding | undefined,
): AsyncGenerator<Uint8Array> {
  if (encoding === undefined || encoding === 'utf-8') {
    yield* body;
    return;
  }
  let decoder: TextDecoder | undefined;
  const decode = (bytes: Uint8Array, isLast: boolean): Buffer => {
    decoder ??= new TextDecoder(labelOf(encoding, bytes), { fatal: true });
    try {
      return Buffer.from(decoder.decode(bytes, { stream: !isLast }));
    } catch {
      throw malformedFeedError(`The body is not ${encoding} text, as its encoding says.`);
    }
  };
  let first: Buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    // The mark has two bytes, which can arrive separately.
    const bytes = decoder === undefined ? Buffer.concat([first, chunk]) : chunk;
    if (decoder === undefined && bytes.length < 2) {
      first = Buffer.from(bytes);
      continue;
    }
    yield decode(bytes, false);
  }
  yield decode(decoder === undefined ? first : new Uint8Array(), true);
}

function labelOf(encoding: Encoding, beginning: Uint8Array): string {
  if (encoding !== 'utf-16') return encoding;
  return bigEndianMark.equals(beginning.subarray(0, 2)) ? 'utf-16be' : 'utf-16le';
}
