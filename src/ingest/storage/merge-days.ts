import { z } from 'zod';
import { bind, type Sql, sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import type { Logger } from '../../logger.ts';
import { type Day, formatDay } from '../../records/day.ts';

const unmergedRow = z.object({ name: z.string(), day: z.number() });

/** A day larger than this is left to ClickHouse's own merges: rewriting it at once would disturb queries for long. */
const maxBytes = '2000000000';
/** Between two looks for days that nobody has noted: those of small pushes and of processes that have ended. */
const sweepEveryMs = 60_000;
/** A day that changes all the time is left alone for so long after its last change. */
const sweepRestSeconds = 60;
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

/** The tables whose unmerged days a merger finds by itself, also those that other processes have left. */
export interface MergerSweep {
  readonly tables: readonly string[];
  readonly everyMs?: number;
  readonly restSeconds?: number;
}

export function createDayMerger(options: { store: Store; sweep?: MergerSweep; logger: Logger }): DayMerger {
  const { store, logger } = options;
  const {
    tables: swept,
    everyMs = sweepEveryMs,
    restSeconds = sweepRestSeconds,
  } = options.sweep ?? { tables: [] };
  const { layout } = store;
  /** Days by table. */
  const waiting = new Map<string, Set<Day>>();
  const stopping = new AbortController();
  let working: Promise<void> | undefined;

  /** Days that are worth merging: on some server they have several parts, of which `parts` holds. Newest first. */
  const findUnmerged = (tables: readonly string[], parts: Sql) => {
    const nameOf = new Map(tables.map((table) => [layout.heldName(table), table]));
    return store
      .select(
        unmergedRow,
        sql`SELECT DISTINCT table AS name, toUInt16(toDate(partition)) AS day
            FROM (
              SELECT hostName() AS host, table, partition FROM ${layout.system('parts')}
              WHERE active AND database = ${bind('String', store.database)} AND table IN (${bind('Array(String)', [...nameOf.keys()])})
              GROUP BY host, table, partition
              HAVING count() > 1 AND sum(bytes_on_disk) < ${bind('UInt64', maxBytes)} AND ${parts}
            )
            ORDER BY day DESC`,
        { signal: stopping.signal },
      )
      .then((rows) => rows.map(({ name, day }) => ({ table: nameOf.get(name) ?? name, day })));
  };

  const mergeTable = async (table: string, days: readonly Day[]): Promise<void> => {
    const isOne = sql`has(${bind('Array(String)', days.map(formatDay))}, partition)`;
    for (const { day } of await findUnmerged([table], isOne)) {
      if (stopping.signal.aborted) return;
      await store.command(
        sql`OPTIMIZE TABLE ${layout.held(table)} PARTITION ${bind('String', formatDay(day))} FINAL`,
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
    const atRest = sql`max(modification_time) <= now() - ${bind('UInt64', restSeconds)}`;
    const found = await findUnmerged(swept, atRest);
    for (const { table, day } of found.slice(0, mostSwept)) add(table, [day]);
  };
  const sweeping =
    swept.length === 0
      ? undefined
      : setInterval(() => {
          if (working !== undefined) return;
          void sweep().catch((error: unknown) => {
            if (!stopping.signal.aborted) logger.warn({ err: error }, 'looking for unmerged days failed');
          });
        }, everyMs);
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
