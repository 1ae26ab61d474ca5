import { z } from 'zod';
import { bind, sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import type { Logger } from '../../logger.ts';
import { type Day, formatDay } from '../../records/day.ts';

const partitionRow = z.object({ partition: z.string() });
const tableDayRow = z.object({ name: z.string(), day: z.number() });

/** A day larger than this is left to ClickHouse's own merges: rewriting it at once would disturb queries for long. */
const maxBytes = '2000000000';
/** Between two looks for days that nobody has noted: those of small pushes and of processes that have ended. */
const sweepMs = 60_000;
/** A day that changes all the time is left alone for so long after its last change. */
const restSeconds = 60;
/** Days that one look takes up. */
const mostSwept = 60;
/** Another process may have merged a day since it was looked for. */
const skipMerged = { optimize_skip_merged_partitions: 1 } as const;

/** Merges days that have more than one part, so that FINAL has nothing left to do when dashboards read them. */
export interface DayMerger {
  /** Notes days to merge; the work goes on in the background, one day at a time. */
  add(table: string, days: Iterable<Day>): void;
  /** Resolves when nothing is left to merge. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

/** @param options.sweptTables tables whose unmerged days it finds by itself, also those that other processes have left */
export function createDayMerger(options: {
  store: Store;
  sweptTables?: readonly string[];
  logger: Logger;
}): DayMerger {
  const { store, sweptTables = [], logger } = options;
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
          settings: { ...layout.upkeep, ...skipMerged },
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

  const add = (table: string, days: Iterable<Day>): void => {
    const known = waiting.get(table) ?? new Set();
    for (const day of days) known.add(day);
    if (known.size > 0) waiting.set(table, known);
    working ??= work().finally(() => {
      working = undefined;
    });
  };

  const sweep = async (): Promise<void> => {
    const nameOf = new Map(sweptTables.map((table) => [layout.heldName(table), table]));
    const rows = await store.select(
      tableDayRow,
      sql`SELECT DISTINCT table AS name, toUInt16(toDate(partition)) AS day
          FROM (
            SELECT hostName() AS host, table, partition FROM ${layout.system('parts')}
            WHERE active AND database = ${bind('String', store.database)} AND table IN (${bind('Array(String)', [...nameOf.keys()])})
            GROUP BY host, table, partition
            HAVING count() > 1 AND max(modification_time) < now() - ${bind('UInt64', restSeconds)} AND sum(bytes_on_disk) < ${bind('UInt64', maxBytes)}
          )
          ORDER BY day DESC LIMIT ${bind('UInt64', mostSwept)}`,
      { signal: stopping.signal },
    );
    for (const { name, day } of rows) add(nameOf.get(name) ?? name, [day]);
  };
  const sweeping =
    sweptTables.length === 0
      ? undefined
      : setInterval(() => {
          if (working !== undefined) return;
          void sweep().catch((error: unknown) => {
            if (!stopping.signal.aborted) logger.warn({ err: error }, 'looking for unmerged days failed');
          });
        }, sweepMs);
  sweeping?.unref();

  return {
    add,
    async idle() {
      while (working !== undefined) await working;
    },
    async stop() {
      clearInterval(sweeping);
      stopping.abort();
      await working;
    },
  };
}
