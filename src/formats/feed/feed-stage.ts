import { UtmqlError } from '../../errors.ts';
import type { RecordBatches } from './record-batch.ts';
import { showBytes } from './utf8.ts';

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);
const OPEN_TAG = '<'.charCodeAt(0);
const SHOWN_CHARACTERS = 60;

/** Whether a body that begins so is of another kind: gzip or HTML, which a first line of CSV could be taken for. */
export const isForeign = (bytes: Buffer): boolean =>
  bytes[0] === OPEN_TAG || isBeginningOf(GZIP_MAGIC, bytes);

/** The error for a body whose first bytes show that it is no `wanted`, with as much of it as helps to see what it is. */
export function unreadable(bytes: Buffer, wanted: 'JSON' | 'CSV'): UtmqlError {
  if (isBeginningOf(GZIP_MAGIC, bytes)) {
    return malformed('The body is gzip without saying so; it needs the header Content-Encoding: gzip.');
  }
  const text = bytes.toString('utf8', 0, 4 * SHOWN_CHARACTERS);
  const shown = text
    .replace(/[^\p{L}\p{N}\p{P}\p{S}]+/gu, ' ')
    .trim()
    .slice(0, SHOWN_CHARACTERS);
  const found = text.startsWith('<') ? `HTML, not ${wanted}` : `not ${wanted}`;
  return malformed(`The body is ${found}; it starts with ‘${shown}’.`);
}

/** How much of a malformed record is kept to look at. */
const MAX_BYTES = 65_536;

/** The first 64 KB of `bytes` as text, bytes that are no UTF-8 as `\xE4`; a character that the limit would split is left out. */
export function excerptOf(bytes: Buffer): string {
  let end = Math.min(bytes.length, MAX_BYTES);
  for (let back = 0; back < 3 && ((bytes[end] ?? 0) & 0xc0) === 0x80; back++) end--;
  return showBytes(bytes.subarray(0, end)).trim();
}

/** Keeps the first 64 KB of a record that is too long to be held, while the rest of it passes by. */
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

/** What every stage works with. */
export interface ReadContext {
  readonly batches: RecordBatches;
  readonly envelope: readonly string[];
  readonly maxRecordBytes: number;
}

/** What a stage made of the bytes it was shown: those it did not consume it is shown again, with more behind them. */
export interface StageResult {
  readonly consumed: number;
  /** The stage that reads on; itself to go on when more bytes have come. */
  readonly next: Stage;
}

/** One part of reading a feed. Stages throw SOURCE_MALFORMED once nothing more can be read. */
export interface Stage {
  /** Whether the last bytes were those of a record that is too long to be held, and passes by. */
  readonly passes?: boolean;
  read(bytes: Buffer): StageResult;
  /** The body ended, and `rest` was not consumed. Adds the records it holds, or throws when the body is not whole. */
  end(rest: Buffer): void;
}

/** The body can never be read as it is. */
export const malformed = (message: string): UtmqlError => new UtmqlError('SOURCE_MALFORMED', message);

/** The body stopped before its end: asking again may well bring the whole of it. */
export function cutOff(where: string, kept: number): UtmqlError {
  const remains =
    kept === 0
      ? 'no record came before it'
      : kept === 1
        ? 'the 1 record before it was kept'
        : `the ${kept} records before it were kept`;
  return new UtmqlError('SOURCE_MALFORMED', `The body ended ${where}; ${remains}.`, { retryable: true });
}
