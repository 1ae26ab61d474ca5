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

/** The records of one call. */
export interface AppendBatch {
  readonly payloads: readonly Buffer[];
  /** As frames. */
  readonly bytes: number;
  /** When they were appended, epoch ms. */
  readonly time: number;
  /** Position behind the last of them, once they are durable. */
  end: number;
}

/** Appends to the newest segment. One `commit` at a time. */
export interface SegmentWriter {
  /** Writes and fsyncs; the batches are in the backlog when it resolves, and none of them is when it rejects. */
  commit(batches: readonly AppendBatch[]): Promise<void>;
  /** To be called after a failed commit and before the next one: what it left behind is cut or removed, as far as the disk lets it. */
  cleanUp(): Promise<void>;
  /** The segment that the next commit goes into. */
  current(): Segment | undefined;
  /** The next commit goes into a new segment. */
  roll(): Promise<void>;
}

const chunkBytes = 1024 * 1024;

interface Open {
  readonly segment: Segment;
  readonly file: BufferFile;
  /** Bytes behind this offset have not been touched. */
  reached: number;
}

/** @param options.nextBase position that is behind everything there ever was */
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
    // What counts in it has been fsynced.
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

  /** Encodes into one reused chunk and writes it whenever it is full. Returns where the segment ends then. */
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
        // After a failed fsync the kernel may take what it could not write for clean, so this file is never written again.
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
        // The next segment begins right behind what counts in this one, so a start knows that the rest does not.
        if (segment.size === 0) nextBase = segment.base + segmentHeaderBytes;
        logger.debug({ err: error }, 'a failed segment could not be cut');
      }
      await file.close().catch(() => undefined);
    },
    current: () => open?.segment,
    roll,
  };
}
