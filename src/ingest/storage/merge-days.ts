import { z } from 'zod';
import { bind, sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import type { Logger } from '../../logger.ts';
import { type Day, formatDay } from '../../records/day.ts';

const partitionRow = z.object({ partition: z.string() });

/** A day larger than this is left to ClickHouse's own merges: rewriting it at once would disturb queries for long. */
const maxBytes = '2000000000';

/** Merges the days that runs have touched, so that FINAL has nothing left to do when dashboards read them. */
export interface DayMerger {
  /** Notes days to merge; the work goes on in the background, one day at a time. */
  add(table: string, days: Iterable<Day>): void;
  /** Resolves when nothing is left to merge. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

export function createDayMerger(options: { store: Store; logger: Logger }): DayMerger {
  const { store, logger } = options;
  const { layout } = store;
  /** Days by table. */
  const waiting = new Map<string, Set<Day>>();
  const stopping = new AbortController();
  let working: Promise<void> | undefined;

  const mergeTable = async (table: string, days: readonly Day[]): Promise<void> => {
    const rows = await store.select(
      partitionRow,
      sql`SELECT partition FROM ${layout.system('parts')}
          WHERE active AND database = ${bind('String', store.database)} AND table = ${bind('String', layout.heldName(table))}
            AND partition IN (${bind('Array(String)', days.map(formatDay))})
          GROUP BY partition HAVING count() > 1 AND sum(bytes_on_disk) < ${bind('UInt64', maxBytes)}
          ORDER BY partition DESC`,
    );
    for (const { partition } of rows) {
      if (stopping.signal.aborted) return;
      await store.command(
        sql`OPTIMIZE TABLE ${layout.held(table)} PARTITION ${bind('String', partition)} FINAL`,
        {
          everywhere: true,
          changesAnswersOf: [],
          settings: layout.upkeep,
          signal: stopping.signal,
        },
      );
    }
  };

  const work = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const [next] = waiting;
      if (next === undefined) return;
      const [table, days] = next;
      waiting.delete(table);
      try {
        await mergeTable(table, [...days]);
      } catch (error) {
        // Figures are right without it, only slower to read; ClickHouse merges by itself in time.
        if (!stopping.signal.aborted) logger.warn({ err: error }, 'merging days after a run failed');
      }
    }
  };

  return {
    add(table, days) {
      const known = waiting.get(table) ?? new Set();
      for (const day of days) known.add(day);
      if (known.size > 0) waiting.set(table, known);
      working ??= work().finally(() => {
        working = undefined;
      });
    },
    async idle() {
      while (working !== undefined) await working;
    },
    async stop() {
      stopping.abort();
      await working;
    },
  };
}
