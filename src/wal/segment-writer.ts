import { dirname } from 'node:path';
import type { Logger } from '../logger.ts';
import type { Backlog } from './backlog.ts';
import { type BufferFile, type BufferFiles, systemErrorCode, writeFully } from './disk.ts';
import {
  frameHeaderBytes,
  newSegment,
  type Segment,
  segmentHeaderBytes,
  writeFrame,
  writeSegmentHeader,
} from './segment.ts';

/** The records of one append. */
export interface AppendBatch {
  readonly payloads: readonly Buffer[];
  /** Size of the records as frames. */
  readonly bytes: number;
  /** When they were appended, in epoch milliseconds. */
  readonly time: number;
  /** Position after the last record, once the records are durable. */
  end: number;
}

/** Appends to the newest segment. Calls of `commit` must not overlap. */
export interface SegmentWriter {
  /** Writes and fsyncs the batches. When it resolves, all are in the backlog; when it rejects, none is. */
  commit(batches: readonly AppendBatch[]): Promise<void>;
  /** Cuts or removes what a failed commit left behind, as far as the disk allows. Must be called before the next commit. */
  cleanUp(): Promise<void>;
  /** Returns the segment that the next commit appends to. */
  current(): Segment | undefined;
  /** Ends the segment: the next commit starts a new one. */
  roll(): Promise<void>;
}

const chunkBytes = 1024 * 1024;

interface Open {
  readonly segment: Segment;
  readonly file: BufferFile;
  /** Offset after the last byte that may have been written. */
  reached: number;
}

/** @param options.nextBase a position after all that were ever used */
export function createSegmentWriter(options: {
  folder: string;
  nextBase: number;
  segmentBytes: number;
  backlog: Backlog;
  files: BufferFiles;
  logger: Logger;
}): SegmentWriter {
  const { folder, segmentBytes, backlog, files, logger } = options;
  let reused: Buffer | undefined;
  let nextBase = options.nextBase;
  let open: Open | undefined;
  let failed: Open | undefined;

  const roll = async (): Promise<void> => {
    const closing = open;
    open = undefined;
    // All its valid bytes are fsynced.
    await closing?.file.close().catch(() => undefined);
  };

  const create = async (): Promise<Open> => {
    const segment = newSegment(folder, nextBase);
    try {
      return { segment, file: await files.open(segment.path, 'create'), reached: 0 };
    } catch (error) {
      if (systemErrorCode(error) === 'EEXIST') nextBase += segmentHeaderBytes;
      throw error;
    }
  };

  /** Encodes frames into one reused chunk and writes it when it is full. Returns the offset where the segment then ends. */
  const write = async (target: Open, batches: readonly AppendBatch[]): Promise<number> => {
    const { segment, file } = target;
    reused ??= Buffer.allocUnsafeSlow(chunkBytes);
    const chunk = reused;
    let filled = 0;
    if (segment.size === 0) {
      writeSegmentHeader(chunk, segment.base);
      filled = segmentHeaderBytes;
    }
    let written = segment.size;
    const flush = async (bytes: Buffer, length: number): Promise<void> => {
      target.reached = written + length;
      await writeFully(file, bytes, length, written);
      written += length;
    };
    let index = segment.records;
    for (const batch of batches) {
      for (const payload of batch.payloads) {
        const size = frameHeaderBytes + payload.length;
        if (filled + size > chunk.length) {
          await flush(chunk, filled);
          filled = 0;
        }
        const frame = { offset: written + filled, index, time: batch.time, payload };
        if (size <= chunk.length) {
          filled = writeFrame(chunk, filled, frame);
        } else {
          const large = Buffer.allocUnsafe(size);
          await flush(large, writeFrame(large, 0, frame));
        }
        index += 1;
      }
      batch.end = segment.base + written + filled;
    }
    await flush(chunk, filled);
    return written;
  };

  return {
    async commit(batches) {
      const count = batches.reduce((sum, { payloads }) => sum + payloads.length, 0);
      if (open !== undefined && open.segment.size >= segmentBytes) await roll();
      open ??= await create();
      const { segment, file } = open;
      try {
        const size = await write(open, batches);
        await file.datasync();
        if (segment.size === 0) await files.syncFolder(dirname(segment.path));
        segment.size = size;
        segment.diskBytes = size;
      } catch (error) {
        // After a failed fsync the kernel may treat unwritten pages as clean, so this file is never written again.
        segment.diskBytes = open.reached;
        failed = open;
        open = undefined;
        throw error;
      }
      segment.records += count;
      nextBase = segment.base + segment.size;
      backlog.add(segment, count, batches[0]?.time ?? 0);
    },
    async cleanUp() {
      if (failed === undefined) return;
      const { segment, file } = failed;
      failed = undefined;
      try {
        if (segment.size === 0) {
          await files.remove(segment.path);
        } else {
          await file.truncate(segment.size);
          segment.diskBytes = segment.size;
        }
      } catch (error) {
        // The next segment's base is directly after the valid bytes of this one. A start therefore ignores the rest.
        if (segment.size === 0) nextBase = segment.base + segmentHeaderBytes;
        logger.debug({ err: error }, 'a failed segment could not be cut');
      }
      await file.close().catch(() => undefined);
    },
    current: () => open?.segment,
    roll,
  };
}
