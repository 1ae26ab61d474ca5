import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type BufferFile, readFully } from './disk.ts';

/**
 * The format of a segment. Numbers are big-endian.
 *
 *     segment  magic "utmqlwal" · version u32 · base u64 · CRC-32 of those · frames…
 *     frame    marker (4) · CRC-32 of the rest of this header · payload length u32 · CRC-32 of the payload ·
 *              index in the segment u32 · when appended, epoch ms, u48 · payload
 *
 * The checksum of a header includes the frame's offset, so that a copy of a frame inside a payload is never read as a frame. It
 * also makes the length reliable if the payload is damaged. The marker locates the next frame after a damaged header, and the
 * index tells how many records were lost before it.
 */

export const segmentHeaderBytes = 24;
export const frameHeaderBytes = 26;
/** Maximum payload of one record. It limits the memory that a start and a read need. */
export const maxRecordBytes = 16 * 1024 * 1024;

const magic = Buffer.from('utmqlwal');
const version = 1;
// None of its bytes occurs in UTF-8, so text never contains it.
const marker = Buffer.from([0xf7, 0xc1, 0xfe, 0xc0]);
const markerNumber = marker.readUInt32BE();
const checked = 8;

/** @param base position of the segment's first byte */
export function writeSegmentHeader(target: Buffer, base: number): void {
  magic.copy(target);
  target.writeUInt32BE(version, 8);
  target.writeBigUInt64BE(BigInt(base), 12);
  target.writeUInt32BE(crc32(target.subarray(0, 20)), 20);
}

/** @param base the base in the file's name */
export function readSegmentHeader(bytes: Buffer, base: number): 'intact' | 'damaged' | 'newer' {
  if (bytes.length < segmentHeaderBytes || !bytes.subarray(0, 8).equals(magic)) return 'damaged';
  if (crc32(bytes.subarray(0, 20)) !== bytes.readUInt32BE(20)) return 'damaged';
  if (bytes.readUInt32BE(8) !== version) return 'newer';
  return bytes.readBigUInt64BE(12) === BigInt(base) ? 'intact' : 'damaged';
}

/** @returns where the frame ends in `target` */
export function writeFrame(
  target: Buffer,
  at: number,
  frame: { offset: number; index: number; time: number; payload: Buffer },
): number {
  const start = at + frameHeaderBytes;
  target.writeUInt32BE(markerNumber, at);
  target.writeUInt32BE(frame.payload.length, at + 8);
  target.writeUInt32BE(crc32(frame.payload), at + 12);
  target.writeUInt32BE(frame.index, at + 16);
  target.writeUIntBE(frame.time, at + 20, 6);
  target.writeUInt32BE(crc32(target.subarray(at + checked, start), frame.offset >>> 0), at + 4);
  frame.payload.copy(target, start);
  return start + frame.payload.length;
}

/** The progress of a walk through a segment. */
export interface WalkState {
  /** Offset of the next frame in the segment. */
  offset: number;
  /** Index of the next record in the segment; undefined if the walk began in the middle. */
  index: number | undefined;
  /** Where the current corrupt bytes begin; undefined if there are none. */
  corruptFrom: number | undefined;
}

export interface FrameVisitor {
  /** `payload` is a view of the window. Returning false stops the walk before this record. */
  record(offset: number, index: number, time: number, payload: Buffer): boolean;
  /**
   * Reports bytes without an intact record. `records` is the number of lost records, by the indexes around them; 0 if no record
   * was lost.
   */
  corrupt(from: number, to: number, records: number): void;
}

/**
 * Visits the frames of a window, which begins at `place.offset` of a segment of `size` bytes, and advances `place`.
 *
 * @returns how many bytes the window needs to continue at `place`, or 0 at the end of the segment or if the visitor stopped
 */
function visitFrames(window: Buffer, place: WalkState, size: number, visitor: FrameVisitor): number {
  const windowStart = place.offset;
  const windowEnd = windowStart + window.length;
  const endCorrupt = (to: number, records: number): void => {
    if (place.corruptFrom !== undefined) visitor.corrupt(place.corruptFrom, to, records);
    place.corruptFrom = undefined;
  };
  while (place.offset < size) {
    const at = place.offset - windowStart;
    if (place.offset + frameHeaderBytes > windowEnd) {
      if (windowEnd < size) return frameHeaderBytes;
      place.corruptFrom ??= place.offset;
      place.offset = size;
      break;
    }
    if (!isHeader(window, at, place.offset)) {
      place.corruptFrom ??= place.offset;
      const next = window.indexOf(marker, at + 1);
      place.offset = next === -1 ? windowEnd - marker.length + 1 : windowStart + next;
      continue;
    }
    const length = window.readUInt32BE(at + 8);
    const index = window.readUInt32BE(at + 16);
    endCorrupt(place.offset, Math.max(0, index - (place.index ?? index)));
    place.index = index;
    const end = place.offset + frameHeaderBytes + length;
    if (end <= size && end > windowEnd) return frameHeaderBytes + length;
    const payload = window.subarray(at + frameHeaderBytes, end - windowStart);
    if (end > size || crc32(payload) !== window.readUInt32BE(at + 12)) {
      visitor.corrupt(place.offset, Math.min(end, size), 1);
    } else if (!visitor.record(place.offset, index, window.readUIntBE(at + 20, 6), payload)) {
      return 0;
    }
    place.offset = Math.min(end, size);
    place.index = index + 1;
  }
  if (place.corruptFrom !== undefined && place.index !== undefined) place.index += 1;
  endCorrupt(size, 1);
  return 0;
}

function isHeader(window: Buffer, at: number, offset: number): boolean {
  return (
    window.readUInt32BE(at) === markerNumber &&
    window.readUInt32BE(at + 8) <= maxRecordBytes &&
    crc32(window.subarray(at + checked, at + frameHeaderBytes), offset >>> 0) === window.readUInt32BE(at + 4)
  );
}

/**
 * One file of the buffer. A position is a byte position in the concatenation of all segments ever written. `base` is the position
 * of this file's first byte and the file's name. Positions therefore only grow, even after a restart or after bytes were cut.
 */
export interface Segment {
  readonly name: string;
  readonly path: string;
  readonly base: number;
  /** Valid bytes: fsynced, or found intact at the start. */
  size: number;
  /** Bytes on disk: more than `size` if invalid bytes could not be cut. */
  diskBytes: number;
  /** Number of records, including lost ones. */
  records: number;
  /** Where the first record that is not released is. */
  next: { readonly offset: number; readonly index: number };
  /** Number of lost records by the offset of the corrupt bytes. */
  readonly lost: Map<number, number>;
}

const windowBytes = 1024 * 1024;
const pattern = /^(\d{20})\.wal$/;

export function newSegment(folder: string, base: number): Segment {
  const name = String(base).padStart(20, '0');
  return {
    name,
    path: join(folder, `${name}.wal`),
    base,
    size: 0,
    diskBytes: 0,
    records: 0,
    next: { offset: segmentHeaderBytes, index: 0 },
    lost: new Map(),
  };
}

/** Returns the base of the segment with this file name, or undefined for other files. */
export function baseOf(fileName: string): number | undefined {
  const digits = pattern.exec(fileName)?.[1];
  const base = Number(digits);
  // Far more than can ever be written, and small enough to be exact as a number.
  return digits === undefined || base > 2 ** 52 ? undefined : base;
}

/** Returns the position after the last valid byte. */
export const endOf = (segment: Segment): number => segment.base + segment.size;

/** Returns the number of intact records that are not released. */
export function waitingIn(segment: Segment): number {
  let waiting = segment.records - segment.next.index;
  for (const [offset, records] of segment.lost) if (offset >= segment.next.offset) waiting -= records;
  return waiting;
}

/**
 * Visits the frames between two offsets of a file, window by window.
 *
 * @param span.index index of the record at `from`, if known
 * @param span.window bytes to read at a time, more for a longer record; default 1 MiB
 * @param span.reuse true: a payload is valid only until the next one
 * @returns where the visitor stopped, or `to`
 */
export async function walk(
  file: BufferFile,
  span: { from: number; to: number; index?: number; window?: number; reuse?: boolean },
  visitor: FrameVisitor,
): Promise<WalkState> {
  const place: WalkState = { offset: span.from, index: span.index, corruptFrom: undefined };
  const usual = span.window ?? windowBytes;
  let wanted = usual;
  let kept = Buffer.alloc(0);
  while (wanted > 0) {
    const length = Math.max(0, Math.min(wanted, span.to - place.offset));
    if (kept.length < length || !span.reuse) kept = Buffer.allocUnsafeSlow(length);
    const window = kept.subarray(0, length);
    // Bytes that are missing from the file count as corrupt, like zeros.
    window.fill(0, await readFully(file, window, place.offset));
    const needed = visitFrames(window, place, span.to, visitor);
    wanted = needed === 0 ? 0 : Math.max(needed, usual);
  }
  return place;
}
