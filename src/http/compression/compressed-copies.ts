import { LRUCache } from 'lru-cache';
import type { Clock } from '../../time.ts';
import type { Coding } from './accept-encoding.ts';
import { compress } from './compress.ts';

/** Compresses bodies that are sent again and again. */
export interface CompressedCopies {
  /** `body` in `coding`; made once, for all who ask for it at the same time or while it is kept. */
  of(etag: string, body: Buffer, coding: Coding): Promise<Buffer>;
}

/** Copies are found by the ETag of their body: what has changed never finds the copy of what it was. */
export function createCompressedCopies(options: {
  ttlMs: number;
  maxBytes: number;
  clock: Clock;
}): CompressedCopies {
  const kept = new LRUCache<string, Buffer>({
    maxSize: options.maxBytes,
    sizeCalculation: (copy, key) => copy.length + 2 * key.length + 100,
    ttl: Math.max(options.ttlMs, 1),
    perf: { now: () => options.clock.now() },
  });
  const atWork = new Map<string, Promise<Buffer>>();
  return {
    async of(etag, body, coding) {
      const key = coding + etag;
      const copy = kept.get(key) ?? atWork.get(key);
      if (copy !== undefined) return copy;
      const made = compress(body, coding).finally(() => atWork.delete(key));
      atWork.set(key, made);
      kept.set(key, await made);
      return made;
    },
  };
}

/** A body that never changes, in its codings: each is made once and kept for good. */
export function keptInCodings(body: Buffer, quality?: number): (coding: Coding) => Promise<Buffer> {
  const copies = new Map<Coding, Promise<Buffer>>();
  return (coding) => {
    const known = copies.get(coding);
    if (known !== undefined) return known;
    const copy = compress(body, coding, quality);
    copies.set(coding, copy);
    // One that could not be made is tried again.
    copy.catch(() => copies.delete(coding));
    return copy;
  };
}
