import type { Store } from '../clickhouse/store.ts';
import { wrapStore } from '../clickhouse/wrap-store.ts';
import { UtmqlError } from '../errors.ts';

/** Bytes of columns, as ClickHouse reads them, that cost as much as one value of an answer. */
const bytesPerUnit = 4_000;

/** A read that failed or was left tells no bytes: it counts as what is usually read in its time. */
const bytesPerMillisecond = 500_000;

/** The same store; `spend` is told what each read costs, by the rows and columns that it had to read. */
export function withReadCost(store: Store, spend: (cost: number) => void): Store {
  return wrapStore(store, {
    async read(options, next) {
      const started = performance.now();
      try {
        const answer = await next(options);
        spend(Math.floor(answer.bytesRead / bytesPerUnit));
        return answer;
      } catch (error) {
        // Nobody pays for a database that is away.
        if (!(error instanceof UtmqlError && error.code === 'STORE_UNAVAILABLE'))
          spend(Math.floor(((performance.now() - started) * bytesPerMillisecond) / bytesPerUnit));
        throw error;
      }
    },
  });
}
