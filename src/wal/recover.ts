import { join } from 'node:path';
import { UtmqlError } from '../errors.ts';
import { lockFolder } from '../files/folder-lock.ts';
import type { Logger } from '../logger.ts';
import { type Backlog, createBacklog, type Oldest } from './backlog.ts';
import { type BufferFile, type BufferFiles, readFully, systemErrorCode } from './disk.ts';
import { folderUnusable } from './errors.ts';
import { openPositionFile, type PositionFile } from './position-file.ts';
import {
  baseOf,
  endOf,
  newSegment,
  readSegmentHeader,
  type Segment,
  segmentHeaderBytes,
  walk,
} from './segment.ts';
import { collectCorrupt, createSetAside, type SetAside } from './set-aside.ts';

/** The contents of a segment file. */
interface Scanned {
  readonly segment: Segment;
  /** False if the file was never a segment: neither its header nor any frame is intact. */
  readonly intact: boolean;
  /** The first record that waits. */
  readonly first: Oldest | undefined;
  /** When its newest record was appended, in epoch milliseconds. */
  readonly newestAt: number | undefined;
  /** Number of corrupt records among those that wait. */
  readonly corrupt: number;
  /** Whether all corrupt bytes have been copied. */
  readonly kept: boolean;
}

/**
 * Reads a segment of an earlier process, sets aside its corrupt bytes and cuts a torn end.
 *
 * @param options.released records before this position are released
 * @param options.before position where the next segment begins; bytes from there on are ignored
 * @throws UtmqlError CONFIGURATION if it cannot be read or has a newer version
 */
async function scanSegment(options: {
  folder: string;
  base: number;
  released: number;
  before: number | undefined;
  files: BufferFiles;
  setAside: SetAside;
}): Promise<Scanned> {
  const segment = newSegment(options.folder, options.base);
  let file: BufferFile | undefined;
  try {
    file = await options.files.open(segment.path, 'read');
    return await scan(segment, file, options);
  } catch (error) {
    throw error instanceof UtmqlError ? error : unreadable(segment, error);
  } finally {
    await file?.close();
  }
}

async function scan(
  segment: Segment,
  file: BufferFile,
  options: { released: number; before: number | undefined; files: BufferFiles; setAside: SetAside },
): Promise<Scanned> {
  const bytes = await file.size();
  const limit = Math.min(bytes, (options.before ?? Number.POSITIVE_INFINITY) - segment.base);
  const header = Buffer.alloc(Math.min(bytes, segmentHeaderBytes));
  await readFully(file, header, 0);
  const state = readSegmentHeader(header, segment.base);
  if (state === 'newer') throw newer(segment);

  let first: Oldest | undefined;
  let newestAt: number | undefined;
  let intact = state === 'intact';
  const found = collectCorrupt();
  const place = await walk(
    file,
    { from: state === 'intact' ? segmentHeaderBytes : 0, to: limit, index: 0, reuse: true },
    {
      record(offset, index, time) {
        intact = true;
        found.passed(time);
        newestAt = Math.max(newestAt ?? time, time);
        if (segment.base + offset >= options.released) first ??= { segment, offset, index, time };
        return true;
      },
      corrupt(from, to, records) {
        segment.lost.set(from, records);
        if (segment.base + to > options.released) found.add({ from, to, records });
      },
    },
  );
  const { ranges } = found;
  const kept = ranges.length === 0 || (await options.setAside.keep(segment, file, found));

  const end = ranges.at(-1);
  segment.size = end?.to === limit ? end.from : limit;
  segment.diskBytes = bytes;
  if (kept && limit === bytes && segment.size < bytes) await truncateToIntact(segment, options.files);
  segment.records = place.index ?? 0;
  segment.next = first ?? { offset: segment.size, index: segment.records };
  const corrupt = ranges.reduce((sum, { records }) => sum + Math.max(1, records), 0);
  return { segment, intact, first, newestAt, corrupt, kept };
}

/** Cuts the file after its last valid byte. If the disk fails, the next segment's base marks the end of the valid bytes. */
async function truncateToIntact(segment: Segment, files: BufferFiles): Promise<void> {
  let file: BufferFile | undefined;
  try {
    file = await files.open(segment.path, 'write');
    await file.truncate(segment.size);
    await file.datasync();
    segment.diskBytes = segment.size;
  } catch {
    // The next start finds these bytes again.
  } finally {
    await file?.close().catch(() => undefined);
  }
}

const newer = ({ path }: Segment): UtmqlError =>
  new UtmqlError(
    'CONFIGURATION',
    `${path} was written by a newer version of utmql: start that version once, until it has stored the waiting records.`,
  );

const unreadable = ({ path }: Segment, cause: unknown): UtmqlError =>
  new UtmqlError(
    'CONFIGURATION',
    `${path} cannot be read (${systemErrorCode(cause) ?? 'unknown error'}). It holds accepted records: make it readable for this user, or move it away to start without them.`,
    { cause },
  );

const setAsideBytes = 64 * 1024 * 1024;

/** A folder that this process has locked, and its contents. */
export interface OpenFolder {
  readonly lock: { unlock(): Promise<void> };
  readonly setAside: SetAside;
  readonly positions: PositionFile;
  readonly backlog: Backlog;
  /** When the newest record in the folder was appended, in epoch milliseconds. */
  readonly newestAt: number | undefined;
  /** A position after all that were ever used. */
  readonly nextBase: number;
}

/** @throws UtmqlError CONFIGURATION if another process uses the folder or it is unusable */
export async function openFolder(folder: string, files: BufferFiles, logger: Logger): Promise<OpenFolder> {
  try {
    await files.makeFolder(folder);
    const lock = await lockFolder(folder, join(folder, 'lock'));
    try {
      const aside = { folder: join(folder, 'set-aside'), maxBytes: setAsideBytes, files, logger };
      const setAside = await createSetAside(aside);
      const positions = await openPositionFile(files, join(folder, 'position'));
      const found = await recover({ folder, released: positions.saved, files, setAside, logger });
      return { lock, setAside, positions, ...found };
    } catch (error) {
      await lock.unlock();
      throw error;
    }
  } catch (error) {
    throw error instanceof UtmqlError ? error : folderUnusable(folder, error);
  }
}

/**
 * Opens what an earlier process left in a folder. Cuts torn ends, sets aside corrupt bytes, and removes segments in which no
 * record waits. Ignores other files.
 *
 * @param options.released the saved position; undefined: all records wait
 * @returns the backlog, when the newest record was appended, and a position after all that were ever used
 * @throws UtmqlError CONFIGURATION if a segment cannot be read or has a newer version
 */
async function recover(options: {
  folder: string;
  released: number | undefined;
  files: BufferFiles;
  setAside: SetAside;
  logger: Logger;
}): Promise<{ backlog: Backlog; newestAt: number | undefined; nextBase: number }> {
  const { folder, files, setAside, logger } = options;
  const startedAt = performance.now();
  const released = options.released ?? 0;
  const bases = (await files.list(folder))
    .map((name) => baseOf(name))
    .filter((base) => base !== undefined)
    .sort((a, b) => b - a);

  const segments: Segment[] = [];
  let oldest: Oldest | undefined;
  let newestAt: number | undefined;
  let nextBase = Math.max(1, released);
  let corrupt = 0;
  // The newest segment first: its base is where the segment before it ends, even if a failed fsync left bytes there.
  let before: number | undefined;
  for (const base of bases) {
    const scanned = await scanSegment({ folder, base, released, before, files, setAside });
    const { segment, first } = scanned;
    corrupt += scanned.corrupt;
    nextBase = Math.max(nextBase, base + segmentHeaderBytes, endOf(segment));
    if (scanned.intact) before = base;
    oldest = first ?? oldest;
    if (scanned.newestAt !== undefined) newestAt = Math.max(newestAt ?? scanned.newestAt, scanned.newestAt);
    const removed = first === undefined && scanned.kept && (await remove(files, segment));
    if (!removed) segments.unshift(segment);
  }

  const start = oldest === undefined ? 0 : oldest.segment.base + oldest.offset;
  const backlog = createBacklog({
    segments,
    released: Math.max(released, start),
    oldestAt: oldest?.time,
    corrupt,
  });
  if (bases.length > 0) {
    const ms = Math.round(performance.now() - startedAt);
    logger.info(
      { records: backlog.records, bytes: backlog.diskBytes(), corrupt, ms },
      'looked for records that wait in the buffer',
    );
  }
  return { backlog, newestAt, nextBase };
}

/** Returns whether the file was removed. If not, the next drain tries again. */
const remove = (files: BufferFiles, { path }: Segment): Promise<boolean> =>
  files.remove(path).then(
    () => true,
    () => false,
  );
