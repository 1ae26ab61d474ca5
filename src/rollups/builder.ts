import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Lock } from '../clickhouse/leases/store-lock.ts';
import { bind, sql } from '../clickhouse/sql.ts';
import type { Store } from '../clickhouse/store.ts';
import type { Logger } from '../logger.ts';
import { addUnits } from '../metrics/range.ts';
import { detailedRollupSet, type RollupSet } from '../metrics/rollups/sets.ts';
import { type Day, formatDay } from '../records/day.ts';
import { type Clock, fulfilsWithin } from '../time.ts';
import { baseDays } from './base-days.ts';
import {
  buildFromSet,
  buildFromTables,
  buildMonth,
  deleteBuilds,
  publishDays,
  publishMonth,
  withdraw,
} from './build-statements.ts';
import type { RollupLook, RollupState } from './current.ts';
import { createDueDays } from './due-days.ts';

/** Days that one build sums up. */
const mostDays = 30;
/** Between two looks when nothing had to be built, and between two builds at the least. */
const waitMs = { idle: 2_000, least: 250 };
/** After failures in a row each pause is twice the one before. */
const failedMs = { first: 5_000, longest: 300_000 };
/** A build is followed by a pause of so many times its length: the rest of the time belongs to others. */
const pausePerWork = 2;
/** A build that takes longer does not count: what it wrote may be deleted by then. */
const longestBuildMs = 600_000;
/** What counts no more is deleted when it has not counted for so long: nobody reads it or is about to have it count. */
const supersededMs = 1_200_000;
/** Builds deleted at a time. */
const mostDeleted = 5_000;
const stopMs = 1_000;

const buildSettings = {
  max_execution_time: 0,
  max_rows_to_read: '0',
  max_threads: 1,
  max_insert_threads: '1',
} as const;

const baseRow = z.object({ day: z.number(), base: z.string() });
const builtRow = z.object({ day: z.number(), built: z.string() });
const numberRow = z.object({ number: z.string() });

/** Keeps rollups up to date in the background. */
export interface RollupBuilder {
  stop(): Promise<void>;
}

/**
 * Builds days whose tables have changed, newest first, and then the months that are whole.
 *
 * Two builders at the same time would do no harm but work: each build has a number of its own, and counts for what the tables
 * held before it began.
 *
 * @param options.lock of all who build
 * @param options.today months before it are over
 * @param options.elapsedMs a clock that nobody sets: how long something has lasted
 */
export function startRollupBuilder(options: {
  store: Store;
  state: RollupState;
  sets: readonly RollupSet[];
  definition: string;
  lock: Lock;
  today: () => Day;
  clock: Clock;
  elapsedMs?: () => number;
  logger: Logger;
}): RollupBuilder {
  const { store, state, sets, definition, lock, clock, logger } = options;
  const { elapsedMs = () => performance.now() } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const due = createDueDays();
  /** Builds that did not count at that time. */
  let superseded = { atMs: elapsedMs(), numbers: [] as readonly string[] };
  const write = { changesAnswersOf: [], settings: buildSettings, signal };
  const base = detailedRollupSet;

  /** Greater than all that count, also when the clock has gone back: of two builds of a day the greater counts. */
  const nextBuild = async (): Promise<bigint> => {
    const [newest] = await store.select(
      numberRow,
      sql`SELECT toString(max(built)) AS number FROM rollup_days`,
      { settings: buildSettings, signal },
    );
    const after = (BigInt(newest?.number ?? 0) >> 22n) + 1n;
    const now = BigInt(clock.now());
    return ((now > after ? now : after) << 22n) | (BigInt(Math.floor(Math.random() * 64)) << 16n);
  };

  const buildDays = async (days: readonly Day[]): Promise<void> => {
    const startedMs = elapsedMs();
    const dates = days.map(formatDay);
    const bases = await store.select(
      baseRow,
      sql`SELECT toUInt16(date) AS day, toString(base) AS base FROM (${baseDays(store)}) WHERE date IN (${bind('Array(Date)', dates)})`,
      { settings: buildSettings, signal },
    );
    if (bases.length === 0) return;
    const build = await nextBuild();
    await store.command(buildFromTables(base, days, build), write);
    for (const set of sets) {
      if (set === base) continue;
      const isPart = set.dimensions.every((name) => base.dimensions.includes(name));
      await store.command(
        isPart ? buildFromSet(set, base, days, build) : buildFromTables(set, days, build),
        write,
      );
    }
    if (elapsedMs() - startedMs > longestBuildMs) return;
    await store.command(
      publishDays(
        bases.map(({ day, base: held }) => ({ date: day, base: held })),
        build,
        definition,
      ),
      write,
    );
    due.built(days);
  };

  const buildOneMonth = async (month: Day): Promise<void> => {
    const startedMs = elapsedMs();
    const last = (addUnits('month', month, 1) ?? month) - 1;
    const rows = await store.select(
      builtRow,
      sql`SELECT toUInt16(date) AS day, toString(built) AS built FROM rollup_days FINAL
          WHERE period = 'day' AND definition = ${bind('UInt64', definition)}
            AND date BETWEEN ${bind('Date', formatDay(month))} AND ${bind('Date', formatDay(last))}`,
      { settings: buildSettings, signal },
    );
    const built = rows.map((row) => row.built);
    const build = await nextBuild();
    for (const set of sets) await store.command(buildMonth(set, month, built, build), write);
    if (elapsedMs() - startedMs > longestBuildMs) return;
    await store.command(publishMonth(month, built, build, definition), write);
  };

  const deleteSuperseded = async ({ gone }: RollupLook): Promise<void> => {
    const { layout } = store;
    const everywhere = { ...write, everywhere: true, settings: layout.upkeep };
    const counting = new Set(
      (
        await store.select(numberRow, sql`SELECT toString(built) AS number FROM rollup_days FINAL`, {
          signal,
        })
      ).map(({ number }) => number),
    );
    const doomed = superseded.numbers.filter((number) => !counting.has(number));
    if (doomed.length > 0) await store.command(deleteBuilds(layout.held('rollup_sums'), doomed), everywhere);
    for (const period of ['day', 'month'] as const)
      if (gone[period].length > 0)
        await store.command(withdraw(layout.held('rollup_days'), period, gone[period]), everywhere);
    const found = await store.select(
      numberRow,
      sql`SELECT DISTINCT toString(built) AS number FROM rollup_sums LIMIT ${bind('UInt64', mostDeleted + counting.size)}`,
      { settings: buildSettings, signal },
    );
    const numbers = found.map(({ number }) => number).filter((number) => !counting.has(number));
    superseded = { atMs: elapsedMs(), numbers: numbers.slice(0, mostDeleted) };
  };

  /** True when something was built. */
  const work = async (): Promise<boolean> => {
    const days = (look: RollupLook): Day[] => due.of(look.held, elapsedMs()).slice(0, mostDays);
    const monthOf = (look: RollupLook): Day | undefined =>
      look.begunMonths.find((month) => {
        const end = addUnits('month', month, 1) ?? month;
        const isWhole = end <= options.today() && !look.stale.some((day) => day >= month && day < end);
        return isWhole && !look.built.month.has(month);
      });
    const first = await state.look();
    if (elapsedMs() - superseded.atMs >= supersededMs) await lock.runExclusive(() => deleteSuperseded(first));
    if (days(first).length === 0 && monthOf(first) === undefined) return false;
    await lock.runExclusive(async () => {
      // Another process may have built them meanwhile.
      const look = await state.look();
      const stale = days(look);
      const month = monthOf(look);
      if (stale.length > 0) await buildDays(stale);
      else if (month !== undefined) await buildOneMonth(month);
    });
    return true;
  };

  const pause = (ms: number): Promise<void> =>
    delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
  const loop = async (): Promise<void> => {
    // A start has more urgent work.
    await pause(waitMs.idle);
    let failures = 0;
    while (!signal.aborted) {
      const startedMs = performance.now();
      const pauseMs = await work().then(
        (hasBuilt) => {
          failures = 0;
          return hasBuilt
            ? Math.max(waitMs.least, pausePerWork * (performance.now() - startedMs))
            : waitMs.idle;
        },
        (error: unknown) => {
          // Answers are right without it, only slower.
          if (!signal.aborted) logger.warn({ err: error }, 'building rollups failed; it is tried again');
          failures += 1;
          return Math.min(failedMs.first * 2 ** (failures - 1), failedMs.longest);
        },
      );
      await pause(pauseMs);
    }
  };
  const looping = loop();
  return {
    async stop() {
      stopping.abort();
      await fulfilsWithin(looping, stopMs);
    },
  };
}
