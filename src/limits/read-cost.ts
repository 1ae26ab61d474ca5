import type { Store } from '../clickhouse/store.ts';
import { wrapStore } from '../clickhouse/wrap-store.ts';
import { UtmqlError } from '../errors.ts';

/** Bytes of columns, as ClickHouse reads them, that cost as much as one value of a response. */
const bytesPerUnit = 4_000;

/** A failed or cancelled read reports no bytes. It counts as the bytes that are usually read in its time. */
const bytesPerMillisecond = 500_000;

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
        // Reads cost nothing if the database is unavailable.
        if (!(error instanceof UtmqlError && error.code === 'STORE_UNAVAILABLE'))
          spend(Math.floor(((performance.now() - started) * bytesPerMillisecond) / bytesPerUnit));
        throw error;
      }
    },
  });
}
