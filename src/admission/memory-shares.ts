import type { QueryWeight } from '../clickhouse/store.ts';

/** The memory that queries at work may use. */
export interface MemoryShares {
  /** Bytes for a query that begins. They are its own until they are given back. */
  take(weight: QueryWeight): number;
  giveBack(bytes: number): void;
}

/** Of the server's memory. The rest is for inserts, merges and caches. */
const shareOfQueries = 3 / 4;

/** With less, hardly any query can be answered. */
const leastBytes = 64 * 1_048_576;

/**
 * Divides the memory of a server among the queries at work, so that all of them together may use no more than there is for
 * them. Half of it is divided into equal shares, one a slot. A light query gets its share. A heavy one gets half of the rest,
 * too: much while it is alone, less when others are at work.
 */
export function createMemoryShares(serverBytes: number, slots: number): MemoryShares {
  const { share, rest } = divide(serverBytes, slots);
  let free = rest;
  return {
    take(weight) {
      const more = weight === 'heavy' ? Math.floor(free / 2) : 0;
      free -= more;
      return share + more;
    },
    giveBack(bytes) {
      free += bytes - share;
    },
  };
}

/** What one query gets: the least, and the most, which a heavy one gets that is alone. */
export function memoryOfOne(serverBytes: number, slots: number): { least: number; most: number } {
  const { share, rest } = divide(serverBytes, slots);
  return { least: share, most: share + Math.floor(rest / 2) };
}

function divide(serverBytes: number, slots: number): { share: number; rest: number } {
  const bytes = Math.floor(serverBytes * shareOfQueries);
  const share = Math.max(Math.floor(bytes / 2 / slots), leastBytes);
  return { share, rest: Math.max(bytes - share * slots, 0) };
}
