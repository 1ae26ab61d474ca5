import type { Day } from '../../records/day.ts';
import type { RowEncoder } from './row-binary.ts';

const chunkBytes = 64 * 1_024;

/** One INSERT may touch at most 100 partitions (ClickHouse error 252). */
export const maxDaysPerInsert = 90;

interface DayRows {
  readonly chunks: Buffer[];
  used: number;
  bytes: number;
  rows: number;
}

/** Encoded rows of a few days, ready to be one INSERT. */
export interface Batch {
  readonly days: readonly Day[];
  readonly chunks: readonly Buffer[];
  readonly rows: number;
}

/**
 * Collects encoded rows by day, so that each INSERT holds few days with many rows each, in whatever order the feed
 * comes. Holds at most about `capacityBytes`; the caller takes a batch when it is full.
 */
export class DayBatches {
  private readonly byDay = new Map<Day, DayRows>();
  private bytes = 0;
  private current: Day | undefined;
  private readonly spare: Buffer[] = [];

  constructor(private readonly capacityBytes: number) {}

  get full(): boolean {
    return this.bytes >= this.capacityBytes;
  }

  get isEmpty(): boolean {
    return this.byDay.size === 0;
  }

  /** Copies the row in; its memory can be used again. */
  add(day: Day, encoder: RowEncoder): void {
    const { length } = encoder;
    let rows = this.byDay.get(day);
    if (rows === undefined) {
      rows = { chunks: [], used: chunkBytes, bytes: 0, rows: 0 };
      this.byDay.set(day, rows);
    }
    let chunk = rows.chunks.at(-1);
    if (chunk === undefined || rows.used + length > chunk.length) {
      if (chunk !== undefined) rows.chunks[rows.chunks.length - 1] = chunk.subarray(0, rows.used);
      // Small first, so that 400 days of a few rows each stay small.
      const size = Math.max(rows.chunks.length === 0 ? 4_096 : chunkBytes, length);
      chunk = (size === chunkBytes ? this.spare.pop() : undefined) ?? Buffer.allocUnsafeSlow(size);
      rows.chunks.push(chunk);
      rows.used = 0;
      this.bytes += chunk.length;
      rows.bytes += chunk.length;
    }
    encoder.copyTo(chunk, rows.used);
    rows.used += length;
    rows.rows += 1;
    this.current = day;
  }

  /**
   * Takes out the days with most rows, half of what is held at least. The day that is being filled stays for last: most
   * feeds come by day, and then no day is split between two batches.
   */
  take(): Batch {
    const largest = [...this.byDay].sort(
      (a, b) =>
        Number(a[0] === this.current) - Number(b[0] === this.current) ||
        b[1].bytes - a[1].bytes ||
        a[0] - b[0],
    );
    const taken: [Day, DayRows][] = [];
    const target = this.bytes / 2;
    let bytes = 0;
    for (const entry of largest) {
      if (taken.length === maxDaysPerInsert || bytes >= target) break;
      taken.push(entry);
      bytes += entry[1].bytes;
    }
    this.bytes -= bytes;
    taken.sort((a, b) => a[0] - b[0]);
    const chunks: Buffer[] = [];
    for (const [day, rows] of taken) {
      this.byDay.delete(day);
      rows.chunks.forEach((chunk, index) => {
        chunks.push(index === rows.chunks.length - 1 ? chunk.subarray(0, rows.used) : chunk);
      });
    }
    return {
      days: taken.map(([day]) => day),
      chunks,
      rows: taken.reduce((sum, [, rows]) => sum + rows.rows, 0),
    };
  }

  /** Takes back the memory of a batch that has been stored: less for the garbage collector to find. */
  recycle(batch: Batch): void {
    for (const { buffer } of batch.chunks) {
      if (buffer.byteLength === chunkBytes) this.spare.push(Buffer.from(buffer));
    }
  }
}
