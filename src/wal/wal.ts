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
 * Stores records on disk from their acceptance until they are in ClickHouse. Appended records survive `kill -9` and power cuts.
 * After a restart they are read again until they are released: at least once.
 */
export interface WriteAheadBuffer {
  /** When the newest record found at the start was appended, in epoch milliseconds; undefined if there was none. */
  readonly newestAtOpening: number | undefined;
  /**
   * Appends all records or none. Resolves with the position after the last one when they are fsynced.
   *
   * @throws UtmqlError BUFFER_FULL if too many records wait (`retryAfterSeconds` estimates when there is space);
   *   BUFFER_UNAVAILABLE if the disk budget is used up or the disk is full or failing; BAD_USER_INPUT if the records can never
   *   fit
   */
  append(payloads: readonly Buffer[]): Promise<number>;
  /**
   * Returns the next records after those released, in order: at most `records`, and at most `bytes` unless the first alone is
   * longer. Empty if no record waits.
   *
   * @throws UtmqlError BUFFER_UNAVAILABLE, retryable, if the disk cannot be read
   */
  read(limit: { records: number; bytes: number }): Promise<Buffered>;
  /**
   * Releases everything before `end`, a position that `read` or `append` returned: these records are in ClickHouse. The position
   * is durable before segments are removed. If it cannot be saved, segments are removed nevertheless to free disk space.
   *
   * @throws UtmqlError BUFFER_UNAVAILABLE, retryable, if the disk cannot be read
   */
  release(end: number): Promise<void>;
  /** `listener` is called after each durable write, which can contain several appends. */
  onAppend(listener: () => void): void;
  stats(): BufferStats;
  /** Waits for running writes, refuses further appends, and unlocks the folder. Never throws; may be called more than once. */
  close(): Promise<void>;
}

export interface BufferStats {
  /** Records that are not released, including those that wait for their fsync. */
  readonly records: number;
  /** Bytes on disk, including those still to be written. */
  readonly bytes: number;
  /** When the oldest durable record was appended, in epoch milliseconds; undefined if none waits. */
  readonly oldestAt: number | undefined;
  /** Number of corrupt records found since the start. */
  readonly setAside: number;
  readonly maxRecords: number;
  readonly maxBytes: number;
}

const defaultSegmentBytes = 16 * 1024 * 1024;
/** Maximum bytes between two fsyncs, so that one large group does not delay all others. */
const maxGroupBytes = 4 * 1024 * 1024;
/**
 * Minimum size of a segment that is removed once it is drained. A smaller one is appended to, because a new segment costs two
 * fsyncs.
 */
const drainedSegmentBytes = 1024 * 1024;

/**
 * Opens the buffer in a folder, which is created if missing, with what an earlier process left in it.
 *
 * @param options.maxRecords maximum number of records that wait
 * @param options.maxBytes maximum size of all segments on disk
 * @param options.segmentBytes size at which a new segment begins; default 16 MiB, less for a small budget
 * @throws UtmqlError CONFIGURATION if another process uses the folder or it is unusable
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
    // If no record waits, `prepare` frees disk space.
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
