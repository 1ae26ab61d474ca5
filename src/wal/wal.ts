import type { UtmqlError } from '../errors.ts';
import { type Logger, partLogger } from '../logger.ts';
import type { Clock } from '../time.ts';
import { type Buffered, createDrainRate } from './backlog.ts';
import { createBacklogReader } from './backlog-reader.ts';
import { type BufferFiles, nodeFiles } from './disk.ts';
import { bufferFull, diskBudgetExceeded, shuttingDown, tooLong, tooManyAtOnce } from './errors.ts';
import { bytesOf, createCommits } from './group-commit.ts';
import { openFolder } from './recover.ts';
import { maxRecordBytes, segmentHeaderBytes } from './segment.ts';
import { createSegmentWriter } from './segment-writer.ts';

/**
 * Records on disk, from being accepted until they are in ClickHouse. What was appended survives `kill -9` and power cuts, and is
 * read again after a restart until it is released: at least once.
 */
export interface WriteAheadBuffer {
  /** When the newest record that was found at the start had been appended, epoch ms; undefined when there was none. */
  readonly newestAtOpening: number | undefined;
  /**
   * All or none. Resolves, with the position behind the last record, once they are fsynced.
   *
   * @throws UtmqlError BUFFER_FULL when too many records wait (`retryAfterSeconds` says when there may be room);
   *   BUFFER_UNAVAILABLE when the disk budget is used up or the disk is full or failing; BAD_USER_INPUT when these would never fit
   */
  append(payloads: readonly Buffer[]): Promise<number>;
  /**
   * The next records in order from where `release` left off: those present when it is called, at most this many, and at most so many
   * bytes unless the first alone is longer; empty when there are none.
   *
   * @throws UtmqlError BUFFER_UNAVAILABLE, retryable, when the disk cannot be read
   */
  read(limit: { records: number; bytes: number }): Promise<Buffered>;
  /**
   * Everything before `end`, a position that `read` or `append` gave, is in ClickHouse. It is noted durably before segments are
   * removed; on a disk that takes no note they go all the same, since that makes room.
   *
   * @throws UtmqlError BUFFER_UNAVAILABLE, retryable, when the disk cannot be read
   */
  release(end: number): Promise<void>;
  /** Called after each durable write, which may be that of several appends. */
  onAppend(listener: () => void): void;
  stats(): BufferStats;
  /** Waits for what is being written, refuses more, and lets go of the folder. Never throws; may be called more than once. */
  close(): Promise<void>;
}

export interface BufferStats {
  /** Not released yet, including those that wait for their fsync. */
  readonly records: number;
  /** On disk, including what waits to be written there. */
  readonly bytes: number;
  /** When the oldest durable record was appended, epoch ms; undefined when none waits. */
  readonly oldestAt: number | undefined;
  /** Corrupt records found since the start. */
  readonly setAside: number;
  readonly maxRecords: number;
  readonly maxBytes: number;
}

const defaultSegmentBytes = 16 * 1024 * 1024;
/** So much is written between two fsyncs at most, so that one does not keep everybody waiting. */
const maxGroupBytes = 4 * 1024 * 1024;
/** Once all is drained, a segment of this size goes; a smaller one is written on, since a new one costs two fsyncs. */
const drainedSegmentBytes = 1024 * 1024;

/**
 * Opens the buffer of a folder, which is made if missing, with what an earlier process left in it.
 *
 * @param options.maxRecords that may wait
 * @param options.maxBytes of disk for all segments
 * @param options.segmentBytes size at which a new segment begins; default 16 MiB, less for a small budget
 * @throws UtmqlError CONFIGURATION when the folder is in use by another process or cannot be used
 */
export async function openBuffer(options: {
  folder: string;
  maxRecords: number;
  maxBytes: number;
  logger: Logger;
  clock: Clock;
  files?: BufferFiles;
  segmentBytes?: number;
}): Promise<WriteAheadBuffer> {
  const { folder, maxRecords, maxBytes, clock, files = nodeFiles } = options;
  const logger = partLogger(options.logger, 'buffer');
  const segmentBytes = options.segmentBytes ?? Math.min(defaultSegmentBytes, Math.ceil(maxBytes / 8));
  const { lock, setAside, positions, backlog, newestAt, nextBase } = await openFolder(folder, files, logger);

  const drainRate = createDrainRate(() => performance.now());
  const listeners: (() => void)[] = [];
  let closing: Promise<void> | undefined;

  const writer = createSegmentWriter({ folder, nextBase, segmentBytes, backlog, files, logger });
  const reader = createBacklogReader({
    folder,
    backlog,
    files,
    positions,
    setAside,
    drainRate,
    current: writer.current,
    async onDrained() {
      const size = writer.current()?.size ?? 0;
      const nothingWaits = commits.waiting.records === 0;
      if (nothingWaits && size >= Math.min(drainedSegmentBytes, segmentBytes)) await writer.roll();
    },
    logger,
  });
  const commits = createCommits({
    writer,
    groupBytes: Math.min(maxGroupBytes, segmentBytes),
    async prepare() {
      if (backlog.records > 0 || backlog.diskBytes() + commits.waiting.bytes <= maxBytes) return;
      await writer.roll();
      await reader.removeReleased();
    },
    onDurable() {
      for (const listener of listeners) {
        try {
          listener();
        } catch (error) {
          logger.error({ err: error }, 'a listener of the buffer failed');
        }
      }
    },
    clock,
    logger,
  });

  const refusal = (payloads: readonly Buffer[]): UtmqlError | undefined => {
    const count = payloads.length;
    const bytes = bytesOf(payloads) + segmentHeaderBytes;
    const longest = payloads.reduce((most, { length }) => Math.max(most, length), 0);
    if (closing !== undefined) return shuttingDown();
    if (count > maxRecords) return tooManyAtOnce(count, maxRecords);
    if (bytes > maxBytes) return tooLong(bytes, maxBytes);
    if (longest > maxRecordBytes) return tooLong(longest, maxRecordBytes);
    const records = backlog.records + commits.waiting.records;
    const excess = records + count - maxRecords;
    if (excess > 0) return bufferFull(maxRecords, drainRate.secondsFor(excess));
    // With nothing waiting, `prepare` makes room.
    if (records > 0 && backlog.diskBytes() + commits.waiting.bytes + bytes > maxBytes)
      return diskBudgetExceeded(maxBytes);
    return undefined;
  };

  const close = async (): Promise<void> => {
    await commits.settled();
    await reader.close();
    await writer.roll();
    await lock.unlock();
  };

  return {
    newestAtOpening: newestAt,
    append(payloads) {
      const refused = refusal(payloads);
      if (refused !== undefined) return Promise.reject(refused);
      return payloads.length === 0 ? Promise.resolve(backlog.end()) : commits.submit(payloads);
    },
    read: reader.read,
    release: reader.release,
    onAppend: (listener) => void listeners.push(listener),
    stats: () => ({
      records: backlog.records + commits.waiting.records,
      bytes: backlog.diskBytes() + commits.waiting.bytes,
      oldestAt: backlog.oldestAt,
      setAside: backlog.corrupt,
      maxRecords,
      maxBytes,
    }),
    close: () => {
      closing ??= close().catch((error: unknown) =>
        logger.warn({ err: error }, 'the buffer could not be closed cleanly'),
      );
      return closing;
    },
  };
}
