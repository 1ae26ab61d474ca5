import { UtmqlError } from '../../errors.ts';
import type { Oldest } from './backlog.ts';
import { gatherCorrupt } from './corrupt-finds.ts';
import { type BufferFile, type BufferFiles, codeOf, readFully } from './files.ts';
import { readSegmentHeader, segmentHeaderBytes } from './frame.ts';
import { newSegment, type Segment, walk } from './segment.ts';
import type { SetAside } from './set-aside.ts';

/** What the file of a segment holds. */
export interface Scanned {
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
export async function scanSegment(options: {
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
  const found = gatherCorrupt();
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
  if (kept && limit === bytes && segment.size < bytes) await cut(segment, options.files);
  segment.records = place.index ?? 0;
  segment.next = first ?? { offset: segment.size, index: segment.records };
  const corrupt = ranges.reduce((sum, { records }) => sum + Math.max(1, records), 0);
  return { segment, intact, first, newestAt, corrupt, kept };
}

/** Leaves only what counts. When the disk does not let it, the next segment's base says that the rest does not count. */
async function cut(segment: Segment, files: BufferFiles): Promise<void> {
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
    `${path} cannot be read (${codeOf(cause) ?? 'unknown error'}). It holds accepted records: make it readable for this user, or move it away to start without them.`,
    { cause },
  );
