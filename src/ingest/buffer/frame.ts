/**
 * How records lie in a segment. Numbers are big-endian.
 *
 *     segment  magic "utmqlwal" · version u32 · base u64 · CRC-32 of those · frames…
 *     frame    marker (4) · CRC-32 of the rest of this header · payload length u32 · CRC-32 of the payload ·
 *              index in the segment u32 · when appended, epoch ms, u48 · payload
 *
 * A header's checksum starts from the frame's offset, so that a payload that holds a copy of a frame is never taken for one;
 * and it makes the length trustworthy even where the payload is not. The marker finds the next frame behind a header that is
 * damaged, and the index tells how many records were lost before it.
 */
import { crc32 } from 'node:zlib';

export const segmentHeaderBytes = 24;
export const frameHeaderBytes = 26;
/** Longest payload of one record. It bounds what a start and a read hold at a time. */
export const maxRecordBytes = 16 * 1024 * 1024;

const magic = Buffer.from('utmqlwal');
const version = 1;
// No byte of it occurs in UTF-8, so text never holds one.
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

/** @param base what the file's name says */
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

/** How far a walk through a segment has come. */
export interface Place {
  /** Of the next frame, in the segment. */
  offset: number;
  /** Of the next record, in the segment; undefined where the walk began in the middle. */
  index: number | undefined;
  /** Where the bytes begin that are no frame and whose end is not found yet. */
  corruptFrom: number | undefined;
}

export interface FrameVisitor {
  /** `payload` is a view of the window. False stops before this record. */
  record(offset: number, index: number, time: number, payload: Buffer): boolean;
  /** Bytes that hold no intact record; `records` were here, as far as their neighbours tell (0 where only other bytes are damaged). */
  corrupt(from: number, to: number, records: number): void;
}

/**
 * Visits the frames of a window, which begins at `place.offset` of a segment of `size` bytes, and moves `place` on.
 *
 * @returns how many bytes the window must have to go on at `place`, or 0 when the segment or the visitor has ended
 */
export function visitFrames(window: Buffer, place: Place, size: number, visitor: FrameVisitor): number {
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
