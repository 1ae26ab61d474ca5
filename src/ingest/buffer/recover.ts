import type { Logger } from '../../logger.ts';
import { type Backlog, createBacklog, type Oldest } from './backlog.ts';
import type { BufferFiles } from './files.ts';
import { segmentHeaderBytes } from './frame.ts';
import { scanSegment } from './scan-segment.ts';
import { baseOf, endOf, type Segment } from './segment.ts';
import type { SetAside } from './set-aside.ts';

/**
 * What an earlier process left in a folder. Torn ends are cut, corrupt bytes are set aside, segments without a record that waits
 * are removed; other files are left alone.
 *
 * @param options.released the noted position; undefined: everything is there to be drained
 * @returns the records that wait, when the newest record that there is was appended, and a position behind everything there
 *   ever was
 * @throws UtmqlError CONFIGURATION when a segment cannot be read or is of a newer version
 */
export async function recover(options: {
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
