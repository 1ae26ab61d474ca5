import { join } from 'node:path';
import type { Logger } from '../logger.ts';
import { type BufferFile, type BufferFiles, systemErrorCode, writeFully } from './disk.ts';
import type { Segment } from './segment.ts';

/** Keeps copies of corrupt bytes for later inspection. */
export interface SetAside {
  /**
   * Copies corrupt ranges of a segment, each to its own file, and logs them once. Returns true if all were copied. Never throws.
   */
  keep(segment: Segment, source: BufferFile, found: CorruptFinds): Promise<boolean>;
}

const blockBytes = 4096;
const chunkBytes = 256 * 1024;
/** Returns the size of a file on disk in whole blocks, so that many tiny files also count. */
const diskUsageOf = (bytes: number): number => Math.ceil(bytes / blockBytes) * blockBytes;

/** @param options.maxBytes limit for all copies in the folder; ranges beyond it are only counted and logged */
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

/** A range of bytes in a segment that holds no intact record. */
interface CorruptRange {
  readonly from: number;
  readonly to: number;
  /** Number of lost records, by the indexes around them. */
  readonly records: number;
}

/** When the intact records before and after the corrupt ones were pushed, in epoch milliseconds. */
interface CorruptSpan {
  readonly after: number | undefined;
  readonly before: number | undefined;
}

/** Collects corrupt ranges while frames are visited. */
export interface CorruptFinds {
  readonly ranges: readonly CorruptRange[];
  readonly span: CorruptSpan;
  /** Notes the time of an intact record. */
  passed(time: number): void;
  add(range: CorruptRange): void;
}

/** Creates an empty collection for one segment. */
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
