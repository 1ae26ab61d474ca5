import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { bind, sql } from '../clickhouse/sql.ts';
import type { Store } from '../clickhouse/store.ts';

const pollEveryMs = 100;
/** A query that ClickHouse does not let go of by then is given up: its time limit ends it. */
const maxPolls = 100;

const row = z.object({ running: z.number() });

/** Resolves when ClickHouse has no query any more whose id begins so, 10 s later at most. Never rejects. */
export const createEndedQueries =
  (store: Pick<Store, 'select'>) =>
  async (queryIdPrefix: string): Promise<void> => {
    const running = sql`SELECT count() AS running FROM system.processes WHERE startsWith(query_id, ${bind('String', queryIdPrefix)})`;
    try {
      for (let look = 0; look < maxPolls; look++) {
        const [found] = await store.select(row, running);
        if (found === undefined || found.running === 0) return;
        await delay(pollEveryMs);
      }
    } catch {
      // A store that is away runs nothing for us.
    }
  };
