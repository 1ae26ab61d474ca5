import { Mutex } from 'async-mutex';
import { UtmqlError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Backlog, Buffered, DrainRate, Oldest } from './backlog.ts';
import { type BufferFile, type BufferFiles, systemErrorCode } from './disk.ts';
import { readFailed, shuttingDown } from './errors.ts';
import type { PositionFile } from './position-file.ts';
import { endOf, type FrameVisitor, type Segment, walk } from './segment.ts';
import { collectCorrupt, type SetAside } from './set-aside.ts';

const minWindowBytes = 64 * 1024;
const maxWindowBytes = 1024 * 1024;

/** The reading side of the buffer. Its calls run one after the other. */
export interface BacklogReader {
  read(limit: { records: number; bytes: number }): Promise<Buffered>;
  release(end: number): Promise<void>;
  /** Removes segments whose records are all released. */
  removeReleased(): Promise<void>;
  close(): Promise<void>;
}

export function createBacklogReader(options: {
  folder: string;
  backlog: Backlog;
  files: BufferFiles;
  positions: PositionFile;
  setAside: SetAside;
  drainRate: DrainRate;
  /** Returns the segment that the writer may still append to. */
  current: () => Segment | undefined;
  /** Called when no record waits, before segments are removed. */
  onDrained: () => Promise<void>;
  logger: Logger;
}): BacklogReader {
  const { backlog, files, positions, logger } = options;
  const turn = new Mutex();
  let reading: { readonly segment: Segment; readonly file: BufferFile } | undefined;
  let failing = false;

  const closeFile = async (): Promise<void> => {
    const closing = reading;
    reading = undefined;
    await closing?.file.close().catch(() => undefined);
  };

  const fileOf = async (segment: Segment): Promise<BufferFile> => {
    if (reading?.segment === segment) return reading.file;
    await closeFile();
    const file = await files.open(segment.path, 'read');
    reading = { segment, file };
    return file;
  };

  /** Visits the frames of a segment from an offset on. Sets aside and counts corrupt bytes. Returns where it stopped. */
  const visit = async (
    segment: Segment,
    span: { from: number; index?: number; window: number },
    record: FrameVisitor['record'],
  ): Promise<number> => {
    const file = await fileOf(segment);
    const found = collectCorrupt();
    const place = await walk(
      file,
      { ...span, to: segment.size },
      {
        record(offset, index, time, payload) {
          found.passed(time);
          return record(offset, index, time, payload);
        },
        corrupt(from, to, records) {
          const range = { from, to, records };
          if (backlog.noteCorrupt(segment, range)) found.add(range);
        },
      },
    );
    if (found.ranges.length > 0) await options.setAside.keep(segment, file, found);
    return place.offset;
  };

  const read = async (limit: { records: number; bytes: number }): Promise<Buffered> => {
    const payloads: Buffer[] = [];
    let bytes = 0;
    let end = backlog.released;
    let full = limit.records <= 0;
    for (const segment of [...backlog.segments]) {
      if (full) break;
      if (segment.next.offset >= segment.size) continue;
      const { offset: from, index } = segment.next;
      const window = Math.min(maxWindowBytes, Math.max(minWindowBytes, limit.bytes - bytes));
      const offset = await visit(segment, { from, index, window }, (_offset, _index, _time, payload) => {
        full =
          payloads.length === limit.records || (payloads.length > 0 && bytes + payload.length > limit.bytes);
        if (full) return false;
        payloads.push(payload);
        bytes += payload.length;
        return true;
      });
      end = segment.base + offset;
    }
    return { payloads, end };
  };

  /** Returns the first intact record at or after a position. */
  const firstFrom = async (position: number): Promise<Oldest | undefined> => {
    for (const segment of [...backlog.segments]) {
      if (endOf(segment) <= position) continue;
      const from = Math.max(segment.next.offset, position - segment.base);
      let oldest: Oldest | undefined;
      await visit(segment, { from, window: minWindowBytes }, (offset, index, time) => {
        oldest = { segment, offset, index, time };
        return false;
      });
      if (oldest !== undefined) return oldest;
    }
    return undefined;
  };

  const removeReleased = async (): Promise<void> => {
    let removed = false;
    try {
      for (const segment of [...backlog.segments]) {
        if (segment.next.offset < segment.size || segment === options.current()) break;
        if (reading?.segment === segment) await closeFile();
        await files.remove(segment.path).catch((error: unknown) => {
          if (systemErrorCode(error) !== 'ENOENT') throw error;
        });
        backlog.dropFirst();
        removed = true;
      }
      if (removed) await files.syncFolder(options.folder);
    } catch (error) {
      logger.warn({ err: error }, 'a drained segment of the buffer could not be removed; it is tried again');
    }
  };

  const release = async (end: number): Promise<void> => {
    let seen: number;
    let oldest: Oldest | undefined;
    do {
      seen = backlog.end();
      oldest = await firstFrom(end);
      // Records that were appended meanwhile wait, too.
    } while (oldest === undefined && backlog.end() !== seen);
    options.drainRate.note(backlog.release(end, oldest));
    try {
      await positions.save(end);
      failing = false;
    } catch (error) {
      // Segments are removed nevertheless: that frees disk space, and a start begins with the oldest existing segment.
      if (!failing) logger.error({ err: error }, 'the buffer cannot note what is drained');
      failing = true;
    }
    if (backlog.records === 0) await options.onDrained();
    await removeReleased();
  };

  let closed = false;

  return {
    read: (limit) =>
      turn.runExclusive(async () => {
        if (closed) throw shuttingDown();
        try {
          const buffered = await read(limit);
          // Only corrupt bytes were found: release them here, since the caller has no record to release.
          if (buffered.payloads.length === 0 && buffered.end > backlog.released) await release(buffered.end);
          return buffered;
        } catch (error) {
          await closeFile();
          throw readFailed(error);
        }
      }),
    release: (end) =>
      turn.runExclusive(async () => {
        if (closed) throw shuttingDown();
        if (!Number.isSafeInteger(end) || end > backlog.end())
          throw new UtmqlError('INTERNAL', `The buffer has no position ${end}.`);
        if (end <= backlog.released) return;
        try {
          await release(end);
        } catch (error) {
          await closeFile();
          throw readFailed(error);
        }
      }),
    removeReleased: () => turn.runExclusive(removeReleased),
    close: () =>
      turn.runExclusive(async () => {
        closed = true;
        await closeFile();
        await positions.close().catch(() => undefined);
      }),
  };
}
