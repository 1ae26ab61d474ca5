import { setTimeout as delay } from 'node:timers/promises';
import { uuidv7 } from 'uuidv7';
import { z } from 'zod';
import { bind, sql } from '../clickhouse/sql.ts';
import type { Store } from '../clickhouse/store.ts';
import { runStatuses } from '../ingest/runs/run.ts';
import type { Logger } from '../logger.ts';
import type { DayRange } from '../metrics/query.ts';
import { addUnits, bucketsOf } from '../metrics/range.ts';
import { type Day, formatDay, parseIsoDay } from '../records/day.ts';
import { sinkSource } from '../records/names.ts';
import { type MetricsExports, mayEndBetter } from './exports.ts';

/** Runs that ended longer ago are exported by nobody: whoever sets SINK_AFTER for the first time exports by hand what was before. */
const lookBackHours = 24;
/** How often runs of other processes are looked for, and those whose export failed for a while. */
const lookEveryMs = 30_000;
/** Money is converted by rates of up to so many days before. */
const ratesReachDays = 7;

const endedRow = z.object({
  workspace: z.string(),
  id: z.string(),
  first: z.string(),
  last: z.string(),
});

/** Runs that have stored something of late. Those that ended lately may have begun long before: held ones wait for days. */
const endedRuns = sql`SELECT workspace, run_id AS id, toString(arrayMin(days)) AS first, toString(arrayMax(days)) AS last
  FROM ingest_runs FINAL
  WHERE finished_at > now() - toIntervalHour(${bind('UInt32', lookBackHours)}) AND source != ${bind('String', sinkSource)}
    AND status IN ('succeeded', 'partial') AND dry_run = 0 AND notEmpty(days)
  ORDER BY finished_at, run_id`;

const exportRow = z.object({
  key: z.string(),
  status: z.enum(runStatuses),
  errorCode: z.string(),
});

const keyPrefix = 'after:';
const exportsOfRuns = sql`SELECT idempotency_key AS key, status, error_code AS errorCode FROM ingest_runs FINAL
  WHERE created_at > now() - toIntervalHour(${bind('UInt32', 2 * lookBackHours)}) AND source = ${bind('String', sinkSource)}
    AND startsWith(idempotency_key, ${bind('String', keyPrefix)})`;

const quiet = { log_queries: 0 } as const;

/** Exports the days of ingest runs once they have ended. */
export interface AfterRuns {
  /** A run has ended: looks soon. */
  notice(): void;
  stop(): Promise<void>;
}

/**
 * Looks for runs that stored something and have no export yet: of this process at once, of others and of those before a crash within
 * half a minute. Of several processes the first one that looks starts the export.
 *
 * @param options.reachDays how many days after those of a run its rows count: by attribution
 */
export function startAfterRuns(options: {
  exports: Pick<MetricsExports, 'start' | 'defaults'>;
  store: Pick<Store, 'select'>;
  reachDays: number;
  today: () => Day;
  logger: Logger;
}): AfterRuns {
  const { exports, store, today, logger } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  let wake = new AbortController();

  const reach = Math.max(options.reachDays, ratesReachDays);
  const { defaults } = exports;

  const look = async (): Promise<void> => {
    const call = { signal, settings: quiet };
    const ended = await store.select(endedRow, endedRuns, call);
    if (ended.length === 0) return;
    const exported = await store.select(exportRow, exportsOfRuns, call);
    const settled = new Set(exported.filter((run) => !mayEndBetter(run)).map(({ key }) => key));
    for (const { workspace, id, first, last } of ended) {
      const days = { from: parseIsoDay(first) ?? today(), to: parseIsoDay(last) ?? today() };
      const reached = { from: days.from, to: Math.max(days.to, Math.min(days.to + reach, today())) };
      for (const range of monthsOf(reached, defaults.groupBy.includes('date'))) {
        signal.throwIfAborted();
        const key = `${keyPrefix}${id}:${formatDay(range.from).slice(0, 7)}`;
        if (settled.has(key)) continue;
        const question = { ...defaults, range };
        const caller = { workspace, requestId: uuidv7(), name: 'SINK_AFTER' };
        await exports.start({ question, dryRun: false, wait: false, key }, caller);
      }
    }
  };

  const lookAgain = async (): Promise<void> => {
    while (!signal.aborted) {
      await look().catch((error: unknown) => {
        if (!signal.aborted)
          logger.warn({ err: error }, 'ended runs could not be exported; it is tried again');
      });
      const either = AbortSignal.any([signal, wake.signal]);
      await delay(lookEveryMs, undefined, { signal: either, ref: false }).catch(() => undefined);
      wake = new AbortController();
    }
  };
  const looking = lookAgain();

  return {
    notice: () => wake.abort(),
    async stop() {
      stopping.abort();
      await looking;
    },
  };
}

/**
 * Splits days by month, so that an export after a long run is no question of years.
 *
 * @param isByDay false: rows are of whole months, which is the same question after each run
 */
export function monthsOf(days: DayRange, isByDay: boolean): DayRange[] {
  const starts = bucketsOf(days, 'month', 'monday');
  return starts.map((start) => {
    const end = (addUnits('month', start, 1) ?? days.to + 1) - 1;
    return isByDay
      ? { from: Math.max(start, days.from), to: Math.min(end, days.to) }
      : { from: start, to: end };
  });
}
