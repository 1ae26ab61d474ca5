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

/** What the file of a segment holds. */
interface Scanned {
  readonly segment: Segment;
  /** False for a file that was never a segment: nothing in it is whole, not even its header. */
  readonly intact: boolean;
  /** The first record that waits. */
  readonly first: Oldest | undefined;
  /** When the newest of its records was appended, epoch ms. */
  readonly newestAt: number | undefined;
  /** Corrupt records among those that wait. */
  readonly corrupt: number;
  /** Whether all their bytes have been copied. */
  readonly kept: boolean;
}

/**
 * Reads a segment that an earlier process wrote, sets aside what is corrupt in it and cuts a torn end.
 *
 * @param options.released what is before this position does not matter any more
 * @param options.before position where the next segment begins: bytes from there on do not count
 * @throws UtmqlError CONFIGURATION when it cannot be read or is of a newer version
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

/** Leaves only what counts. When the disk does not let it, the next segment's base says that the rest does not count. */
async function truncateToIntact(segment: Segment, files: BufferFiles): Promise<void> {
  let file: BufferFile | undefined;
  try {
    file = await files.open(segment.path, 'write');
    await file.truncate(segment.size);
    await file.datasync();
    segment.diskBytes = segment.size;
  } catch {
    // It is met again at the next start.
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

/** A folder that is this process's own, and what is in it. */
export interface OpenFolder {
  readonly lock: { unlock(): Promise<void> };
  readonly setAside: SetAside;
  readonly positions: PositionFile;
  readonly backlog: Backlog;
  /** When the newest record that there is was appended, epoch ms. */
  readonly newestAt: number | undefined;
  /** Position behind everything there ever was. */
  readonly nextBase: number;
}

/** @throws UtmqlError CONFIGURATION when the folder is in use by another process or cannot be used */
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
 * What an earlier process left in a folder. Torn ends are cut, corrupt bytes are set aside, segments without a record that waits
 * are removed; other files are left alone.
 *
 * @param options.released the noted position; undefined: everything is there to be drained
 * @returns the records that wait, when the newest record that there is was appended, and a position behind everything there
 *   ever was
 * @throws UtmqlError CONFIGURATION when a segment cannot be read or is of a newer version
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
  // Newest first: a segment says where the one before it ends, whatever a failed fsync left behind there.
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

/** True when it is gone; otherwise it is tried again when something is drained. */
const remove = (files: BufferFiles, { path }: Segment): Promise<boolean> =>
  files.remove(path).then(
    () => true,
    () => false,
  );
