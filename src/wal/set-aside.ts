import { join } from 'node:path';
import type { Logger } from '../logger.ts';
import { type BufferFile, type BufferFiles, systemErrorCode, writeFully } from './disk.ts';
import type { Segment } from './segment.ts';

/** Keeps copies of corrupt bytes for whoever wants to look into them. */
export interface SetAside {
  /** Copies ranges out of a segment, each to a file of its own, and logs them once. True when all are kept; never throws. */
  keep(segment: Segment, source: BufferFile, found: CorruptFinds): Promise<boolean>;
}

const blockBytes = 4096;
const chunkBytes = 256 * 1024;
/** What a file takes on disk, so that many tiny ones are bounded too. */
const diskUsageOf = (bytes: number): number => Math.ceil(bytes / blockBytes) * blockBytes;

/** @param options.maxBytes of all copies in the folder; what is beyond it is only counted and logged */
export async function createSetAside(options: {
  folder: string;
  maxBytes: number;
  files: BufferFiles;
  logger: Logger;
}): Promise<SetAside> {
  const { folder, files, logger } = options;
  const sizes = await sizesIn(files, folder);
  let used = [...sizes.values()].reduce((sum, size) => sum + diskUsageOf(size), 0);

  const copy = async (name: string, source: BufferFile, { from, to }: CorruptRange): Promise<boolean> => {
    if (sizes.get(name) === to - from) return true;
    if (used + diskUsageOf(to - from) > options.maxBytes) return false;
    await files.makeFolder(folder);
    const target = await files.open(join(folder, name), 'replace');
    try {
      const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, to - from));
      for (let at = from; at < to; ) {
        const length = await source.read(chunk, 0, Math.min(chunk.length, to - at), at);
        if (length === 0) break;
        await writeFully(target, chunk, length, at - from);
        at += length;
      }
      await target.datasync();
    } finally {
      await target.close();
    }
    sizes.set(name, to - from);
    used += diskUsageOf(to - from);
    return true;
  };

  return {
    async keep(segment, source, { ranges, span }) {
      let kept = 0;
      let failure: unknown;
      for (const range of ranges) {
        try {
          if (await copy(`${segment.name}-${range.from}.bin`, source, range)) kept += 1;
        } catch (error) {
          failure = error;
        }
      }
      logger.warn(
        {
          ...(failure === undefined ? {} : { err: failure }),
          segment: segment.path,
          stretches: ranges.length,
          copied: kept,
          bytes: ranges.reduce((sum, { from, to }) => sum + to - from, 0),
          folder,
          ...(span.after === undefined ? {} : { after: new Date(span.after).toISOString() }),
          ...(span.before === undefined ? {} : { before: new Date(span.before).toISOString() }),
        },
        'the buffer found corrupt records; they are left out and set aside',
      );
      return kept === ranges.length;
    },
  };
}

async function sizesIn(files: BufferFiles, folder: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  let names: readonly string[] = [];
  try {
    names = await files.list(folder);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
  for (const name of names.filter((known) => known.endsWith('.bin'))) {
    const file = await files.open(join(folder, name), 'read');
    try {
      sizes.set(name, await file.size());
    } finally {
      await file.close();
    }
  }
  return sizes;
}

/** Bytes that hold no intact record, in one segment. */
interface CorruptRange {
  readonly from: number;
  readonly to: number;
  /** How many records they were, as far as their neighbours tell. */
  readonly records: number;
}

/** When the intact records around corrupt ones were pushed, epoch milliseconds: the corrupt ones were pushed between. */
interface CorruptSpan {
  readonly after: number | undefined;
  readonly before: number | undefined;
}

/** Gathers what is corrupt while frames are visited. */
export interface CorruptFinds {
  readonly ranges: readonly CorruptRange[];
  readonly span: CorruptSpan;
  /** An intact record has been met. */
  passed(time: number): void;
  add(range: CorruptRange): void;
}

/** For one segment. */
export function collectCorrupt(): CorruptFinds {
  const ranges: CorruptRange[] = [];
  let latest: number | undefined;
  let after: number | undefined;
  let before: number | undefined;
  return {
    ranges,
    get span() {
      return { after, before };
    },
    passed(time) {
      latest = time;
      if (ranges.length > 0) before ??= time;
    },
    add(range) {
      if (ranges.length === 0) after = latest;
      before = undefined;
      ranges.push(range);
    },
  };
}
