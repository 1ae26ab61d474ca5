import { z } from 'zod';
import { sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import type { DataVersion } from '../../data-version.ts';
import { parseIsoDay } from '../../records/day.ts';
import { bounded, type Clock } from '../../time.ts';
import { workspaceRows } from '../data-scope.ts';
import { createRateBook, type RateBook } from './rate-book.ts';

/** The stored rates of all workspaces. */
export interface ExchangeRates {
  /**
   * The rates of a workspace: at once with those that this process has stored, within a second with those of others. The same
   * object while they do not change.
   *
   * @param requestId of the request that asks: a look that it begins belongs to it
   * @throws UtmqlError STORE_UNAVAILABLE or TIMEOUT
   */
  bookOf(workspace: string, requestId: string): Promise<RateBook>;
}

/** What another process stores is seen after so long. */
const trustedMs = 1_000;

/**
 * A look takes some milliseconds. Where the store takes longer, those who ask go on with what is known: it is for the admission to
 * say that the store has no room.
 */
const longestLookMs = 250;

/** Its log is for what people ask. */
const quiet = { log_queries: 0 } as const;

interface Known {
  readonly book: RateBook;
  /** Differs after every change of the rates: a count and the newest version can stay, as merges take rows away. */
  readonly stamp: string;
  readonly version: number;
  readonly lookedAt: number;
}

const stampRow = z.object({ stamp: z.string() });
/** One row a day, as an answer has a limited number of rows. */
const ratesRow = z.object({
  day: z.string(),
  // As text: ClickHouse’s own Float64 of a decimal can be off in its last digits.
  rates: z.array(z.tuple([z.string(), z.string(), z.string()])),
});

export function createExchangeRates(options: {
  store: Pick<Store, 'select'>;
  dataVersion: Pick<DataVersion, 'of'>;
  clock: Clock;
}): ExchangeRates {
  const { store, dataVersion, clock } = options;
  const known = new Map<string, Known>();
  const looks = new Map<string, Promise<RateBook>>();

  const look = async (workspace: string, version: number, requestId: string): Promise<RateBook> => {
    const lookedAt = clock.now();
    const rows = workspaceRows({ workspace, policy: undefined });
    const [found] = await store.select(
      stampRow,
      sql`SELECT toString(sum(cityHash64(date, base, quote, rate, version, is_deleted))) AS stamp FROM exchange_rates WHERE ${rows}`,
      { requestId, settings: quiet },
    );
    const stamp = found?.stamp ?? '';
    const before = known.get(workspace);
    if (before?.stamp === stamp) {
      known.set(workspace, { ...before, version, lookedAt });
      return before.book;
    }
    const days = await store.select(
      ratesRow,
      sql`SELECT toString(date) AS day, groupArray((toString(base), toString(quote), toString(rate))) AS rates FROM exchange_rates FINAL WHERE ${rows} GROUP BY date ORDER BY date`,
      { requestId, settings: quiet },
    );
    const book = createRateBook(
      days.flatMap(({ day, rates }) =>
        rates.map(([base, quote, rate]) => ({
          day: parseIsoDay(day) ?? 0,
          base,
          quote,
          rate: Number(rate),
        })),
      ),
    );
    known.set(workspace, { book, stamp, version, lookedAt });
    return book;
  };

  return {
    async bookOf(workspace, requestId) {
      const version = dataVersion.of(workspace);
      const entry = known.get(workspace);
      if (entry?.version === version && clock.now() - entry.lookedAt < trustedMs) return entry.book;
      const key = `${version} ${workspace}`;
      const running = looks.get(key) ?? look(workspace, version, requestId).finally(() => looks.delete(key));
      looks.set(key, running);
      // What this process has stored must be seen.
      if (entry?.version !== version) return running;
      const timeout = { ms: longestLookMs, error: () => new Error('the look takes too long') };
      return bounded({ timeout }, () => running).catch(() => {
        // Another look may have found something newer.
        const latest = known.get(workspace) ?? entry;
        known.set(workspace, { ...latest, lookedAt: clock.now() });
        return latest.book;
      });
    },
  };
}
