import { UtmqlError } from '../../errors.ts';
import type { RecordBatches } from './record-batch.ts';
import { escapeInvalidBytes } from './utf8.ts';

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);
const OPEN_TAG = '<'.charCodeAt(0);
const SHOWN_CHARACTERS = 60;

/** True if a body that begins with `bytes` is gzip or HTML, which could pass for the first line of CSV. */
export const isGzipOrHtml = (bytes: Buffer): boolean =>
  bytes[0] === OPEN_TAG || isPrefixOf(GZIP_MAGIC, bytes);

/** Returns the error for a body that is not `wanted`, with its first characters. */
export function wrongFormatError(bytes: Buffer, wanted: 'JSON' | 'CSV' | 'XML'): UtmqlError {
  if (isPrefixOf(GZIP_MAGIC, bytes)) {
    return malformedFeedError(
      'The body is gzip without saying so; it needs the header Content-Encoding: gzip.',
    );
  }
  const text = bytes.toString('utf8', 0, 4 * SHOWN_CHARACTERS);
  const shown = text
    .replace(/[^\p{L}\p{N}\p{P}\p{S}]+/gu, ' ')
    .trim()
    .slice(0, SHOWN_CHARACTERS);
  const found = text.startsWith('<') ? `HTML, not ${wanted}` : `not ${wanted}`;
  return malformedFeedError(`The body is ${found}; it starts with ‘${shown}’.`);
}

/** Most bytes kept of a malformed record. */
const MAX_BYTES = 65_536;

/** Returns the first 64 KB of `bytes` as text, invalid UTF-8 as `\xE4`, without a character split by the limit. */
export function excerptOf(bytes: Buffer): string {
  let end = Math.min(bytes.length, MAX_BYTES);
  for (let back = 0; back < 3 && ((bytes[end] ?? 0) & 0xc0) === 0x80; back++) end--;
  return escapeInvalidBytes(bytes.subarray(0, end)).trim();
}

/** Keeps the first 64 KB of an oversized record while the rest is skipped. */
export class OversizedRecord {
  private readonly pieces: Buffer[] = [];
  private length = 0;

  add(bytes: Buffer): void {
    const room = MAX_BYTES + 1 - this.length;
    if (room <= 0 || bytes.length === 0) return;
    // Copied, since a view would keep the whole block alive.
    const piece = Buffer.from(bytes.subarray(0, room));
    this.pieces.push(piece);
    this.length += piece.length;
  }

  get text(): string {
    return excerptOf(Buffer.concat(this.pieces));
  }
}

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

/** True if `whole` begins with `start`. */
export function isPrefixOf(start: Buffer, whole: Buffer): boolean {
  return start.length <= whole.length && start.equals(whole.subarray(0, start.length));
}

/** Returns the index of the first byte in `[from, end)` that is not JSON white space, or `end`. */
export function skipSpace(bytes: Uint8Array, from: number, end: number = bytes.length): number {
  let i = from;
  while (i < end) {
    const byte = bytes[i];
    if (byte !== 0x20 && byte !== NEWLINE && byte !== 0x0d && byte !== 0x09) break;
    i++;
  }
  return i;
}

/** Returns the number of newlines in the first `end` bytes. */
export function countNewlines(bytes: Buffer, end: number): number {
  let count = 0;
  let at = bytes.indexOf(NEWLINE);
  while (at !== -1 && at < end) {
    count++;
    at = bytes.indexOf(NEWLINE, at + 1);
  }
  return count;
}

/** What all stages share. */
export interface ReadContext {
  readonly batches: RecordBatches;
  readonly envelope: readonly string[];
  readonly maxRecordBytes: number;
}

/** The result of a stage. Bytes that it did not consume are passed again, followed by more. */
export interface FeedStageResult {
  readonly consumed: number;
  /** The stage that continues; itself to wait for more bytes. */
  readonly next: FeedStage;
}

/** One part of reading a feed. Throws SOURCE_MALFORMED if nothing more can be read. */
export interface FeedStage {
  /** Whether the last bytes belong to an oversized record that is being skipped. */
  readonly passes?: boolean;
  read(bytes: Buffer): FeedStageResult;
  /** Called at the end of the body with the unconsumed `rest`. Adds its records, or throws if the body is truncated. */
  end(rest: Buffer): void;
}

/** Returns the error for a body that is invalid: retrying does not help. */
export const malformedFeedError = (message: string): UtmqlError =>
  new UtmqlError('SOURCE_MALFORMED', message);

/** Returns the retryable error for a truncated body. */
export function truncatedFeedError(where: string, kept: number): UtmqlError {
  const remains =
    kept === 0
      ? 'no record came before it'
      : kept === 1
        ? 'the 1 record before it was kept'
        : `the ${kept} records before it were kept`;
  return new UtmqlError('SOURCE_MALFORMED', `The body ended ${where}; ${remains}.`, { retryable: true });
}
