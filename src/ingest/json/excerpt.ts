import { showBytes } from './utf8.ts';

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
