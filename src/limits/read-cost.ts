import type { Store } from '../clickhouse/store.ts';
import { wrapStore } from '../clickhouse/wrap-store.ts';
import type { ErrorCode } from '../error-codes.ts';
import { UtmqlError } from '../errors.ts';

/** Bytes of columns, as ClickHouse reads them, that cost as much as one value of a response. */
const bytesPerUnit = 4_000;

/** A failed or cancelled read reports no bytes. It counts as the bytes that are usually read in its time. */
const bytesPerMillisecond = 500_000;

const free: ReadonlySet<string> = new Set<ErrorCode>(['STORE_UNAVAILABLE', 'OVERLOADED']);

/** Returns a store that calls `spend` with the cost of each read, by the bytes that ClickHouse read. */
export function withReadCost(store: Store, spend: (cost: number) => void): Store {
  return wrapStore(store, {
    async read(options, next) {
      const started = performance.now();
      try {
        const answer = await next(options);
        spend(Math.floor(answer.bytesRead / bytesPerUnit));
        return answer;
      } catch (error) {
        // Reads cost nothing if the database is unavailable, or has more to do than it can.
        if (!(error instanceof UtmqlError && free.has(error.code)))
          spend(Math.floor(((performance.now() - started) * bytesPerMillisecond) / bytesPerUnit));
        throw error;
      }
    },
  });
}
