import { join } from 'node:path';
import { type BufferFile, readFully } from './files.ts';
import { type FrameVisitor, type Place, segmentHeaderBytes, visitFrames } from './frame.ts';

/**
 * One file of the buffer. Positions are byte positions in the whole of all segments there ever were: `base` is that of this file's
 * first byte and the name of the file, so that positions only grow, also over a restart and over bytes that were cut.
 */
export interface Segment {
  readonly name: string;
  readonly path: string;
  readonly base: number;
  /** Bytes that count: fsynced, or found intact at the start. */
  size: number;
  /** Bytes on disk. More than `size` where bytes behind it could not be cut. */
  diskBytes: number;
  /** Records in it, lost ones included. */
  records: number;
  /** Where the first record is that has not been released. */
  next: { readonly offset: number; readonly index: number };
  /** Corrupt stretches by their offset: how many records were in each. */
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

/** The base of the segment that has this file name, or undefined for any other file. */
export function baseOf(fileName: string): number | undefined {
  const digits = pattern.exec(fileName)?.[1];
  const base = Number(digits);
  // Far above what can be reached, and far below where numbers stop being exact.
  return digits === undefined || base > 2 ** 52 ? undefined : base;
}

/** Position behind its last byte that counts. */
export const endOf = (segment: Segment): number => segment.base + segment.size;

/** Intact records in it that have not been released. */
export function waitingIn(segment: Segment): number {
  let waiting = segment.records - segment.next.index;
  for (const [offset, records] of segment.lost) if (offset >= segment.next.offset) waiting -= records;
  return waiting;
}

/**
 * Visits the frames between two offsets of a file, window by window.
 *
 * @param span.index of the record at `from`, where it is known
 * @param span.window how much to read at a time, but for a longer record; default 1 MiB
 * @param span.reuse true: a payload is valid only until the next one
 * @returns where the visitor stopped, or `to`
 */
export async function walk(
  file: BufferFile,
  span: { from: number; to: number; index?: number; window?: number; reuse?: boolean },
  visitor: FrameVisitor,
): Promise<Place> {
  const place: Place = { offset: span.from, index: span.index, corruptFrom: undefined };
  const usual = span.window ?? windowBytes;
  let wanted = usual;
  let kept = Buffer.alloc(0);
  while (wanted > 0) {
    const length = Math.max(0, Math.min(wanted, span.to - place.offset));
    if (kept.length < length || !span.reuse) kept = Buffer.allocUnsafeSlow(length);
    const window = kept.subarray(0, length);
    // What has vanished from the file is as corrupt as zeros are.
    window.fill(0, await readFully(file, window, place.offset));
    const needed = visitFrames(window, place, span.to, visitor);
    wanted = needed === 0 ? 0 : Math.max(needed, usual);
  }
  return place;
}
