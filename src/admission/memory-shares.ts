import type { QueryWeight } from '../clickhouse/store.ts';

/** The memory that queries at work may use. */
export interface MemoryShares {
  /** Bytes for a query that begins. They are its own until they are given back. */
  take(weight: QueryWeight): number;
  giveBack(bytes: number): void;
  /** What a heavy query gets that is alone. */
  readonly mostOfOne: number;
}

/** Of the server's memory. The rest is for inserts, merges and caches. */
const shareOfQueries = 3 / 4;

/** What is divided into equal shares, one a slot. */
const shareOfSlots = 1 / 3;

/** What a heavy query takes of all that is free beside the shares. */
const shareOfHeavy = 2 / 3;

/** With less, hardly any query can be answered. */
const leastBytes = 64 * 1_048_576;

/**
 * Divides the memory of a server among the queries at work, so that all of them together may use no more than there is for
 * them. Each has the share of a slot. A heavy one that begins takes two thirds of what is free beside them, too: much while it
 * is alone, less when others are at work.
 *
 * @param mostBytes what one query may use, however much is free; looked at for each
 */
export function createMemoryShares(
  serverBytes: number,
  slots: number,
  mostBytes: () => number,
): MemoryShares {
  const { share, rest } = divide(serverBytes, slots);
  let free = rest;
  return {
    take(weight) {
      const wanted = Math.max(mostBytes() - share, 0);
      const more = weight === 'heavy' ? Math.min(Math.floor(free * shareOfHeavy), wanted) : 0;
      free -= more;
      return share + more;
    },
    giveBack(bytes) {
      free += bytes - share;
    },
    get mostOfOne() {
      return Math.min(memoryOfOne(serverBytes, slots).most, mostBytes());
    },
  };
}

/** What one query gets: the least, and the most, which a heavy one gets that is alone. */
export function memoryOfOne(serverBytes: number, slots: number): { least: number; most: number } {
  const { share, rest } = divide(serverBytes, slots);
  return { least: share, most: share + Math.floor(rest * shareOfHeavy) };
}

function divide(serverBytes: number, slots: number): { share: number; rest: number } {
  const bytes = Math.floor(serverBytes * shareOfQueries);
  const share = Math.max(Math.floor((bytes * shareOfSlots) / slots), leastBytes);
  return { share, rest: Math.max(bytes - share * slots, 0) };
}
