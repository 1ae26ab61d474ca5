import type { CallOptions } from '../../clickhouse/store.ts';
import { toUtmqlError, type UtmqlError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import type { DayRange } from '../../metrics/query.ts';
import type { Day } from '../../records/day.ts';
import type { AttributionSide } from '../kinds/kind.ts';
import type { Attribution } from './attribution.ts';
import { openPendingDays } from './pending-days.ts';

/** How long until days whose attribution failed are tried again. */
const retryAfterMs = 15_000;

/**
 * Attributes days that have changed, once for all writers that changed them meanwhile. Which days wait is on disk before
 * anything is written, so that a crash between a write and its attribution is made good at the next start.
 */
export interface AttributionQueue {
  /** Call it before writing; every call needs a `settle` of the same days, whatever became of the write. Durable when it resolves. */
  mark(workspace: string, side: AttributionSide, days: Iterable<Day>): Promise<void>;
  /**
   * Call it after writing: resolves when these days are attributed, with the ranges of opportunities that were looked at.
   *
   * @throws UtmqlError when the store fails; the days stay marked and are tried again in the background
   */
  settle(
    workspace: string,
    side: AttributionSide,
    days: Iterable<Day>,
    call: CallOptions,
  ): Promise<readonly DayRange[]>;
  /** Ends the background work; what waits is on disk. */
  stop(): Promise<void>;
}

interface MarkedDays {
  readonly workspace: string;
  readonly side: AttributionSide;
  readonly days: Set<Day>;
  readonly waiters: {
    readonly resolve: (ranges: readonly DayRange[]) => void;
    readonly reject: (error: UtmqlError) => void;
  }[];
  requestId: string | undefined;
}

/** @param options.file where the marked days are kept; what an earlier process left there is attributed in the background. */
export async function createAttributionQueue(options: {
  attribution: Attribution;
  file: string;
  logger: Logger;
}): Promise<AttributionQueue> {
  const { attribution, logger } = options;
  const pending = await openPendingDays(options.file);
  const waiting = new Map<string, MarkedDays>();
  const stopping = new AbortController();
  let working: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;

  const enqueue = (workspace: string, side: AttributionSide, days: Iterable<Day>): MarkedDays => {
    const key = JSON.stringify([workspace, side]);
    const known = waiting.get(key) ?? {
      workspace,
      side,
      days: new Set<Day>(),
      waiters: [],
      requestId: undefined,
    };
    for (const day of days) known.days.add(day);
    waiting.set(key, known);
    return known;
  };

  const attribute = async ({
    workspace,
    side,
    days,
    requestId,
  }: MarkedDays): Promise<readonly DayRange[]> => {
    const call = { requestId, signal: stopping.signal };
    if (side === 'opportunities') return attribution.afterOpportunities(workspace, days, call);
    let further: readonly Day[] = [];
    try {
      const ranges = await attribution.afterAds(workspace, days, call, async (more) => {
        await pending.mark(workspace, 'opportunities', more);
        further = more;
      });
      await pending.settle(workspace, 'opportunities', further);
      return ranges;
    } catch (error) {
      pending.abandon(workspace, 'opportunities', further);
      throw error;
    }
  };

  const work = async (): Promise<void> => {
    for (;;) {
      const [next] = waiting;
      if (next === undefined) return;
      const [key, entry] = next;
      waiting.delete(key);
      try {
        const ranges = await attribute(entry);
        for (const waiter of entry.waiters) waiter.resolve(ranges);
      } catch (error) {
        const failure = toUtmqlError(error, 'The attribution failed for a reason that has been logged.');
        for (const waiter of entry.waiters) waiter.reject(failure);
        if (stopping.signal.aborted) continue;
        logger.warn({ err: error, side: entry.side }, 'attribution failed; it is tried again');
        retry ??= setTimeout(retryLeftovers, retryAfterMs).unref();
      }
    }
  };

  const start = (): void => {
    working ??= work().finally(() => {
      working = undefined;
      if (waiting.size > 0) start();
    });
  };

  /** Days that nobody waits for any more: of failed rounds, or of an earlier process. */
  const retryLeftovers = (): void => {
    retry = undefined;
    for (const { workspace, side, days } of pending.leftovers()) {
      const entry = enqueue(workspace, side, days);
      entry.waiters.push({
        resolve: () => void pending.clear(workspace, side, days).catch(logFailure),
        reject: () => undefined,
      });
    }
    start();
  };
  const logFailure = (error: unknown): void =>
    logger.error({ err: error }, 'the days that wait for attribution could not be noted');

  if (pending.leftovers().length > 0) {
    logger.info('attributing the days that an earlier process had left');
    retryLeftovers();
  }

  return {
    mark: (workspace, side, days) => pending.mark(workspace, side, days),
    async settle(workspace, side, days, call) {
      const settled = [...days];
      if (settled.length === 0) return [];
      if (stopping.signal.aborted) {
        pending.abandon(workspace, side, settled);
        throw toUtmqlError(stopping.signal.reason, 'The server is shutting down.');
      }
      const entry = enqueue(workspace, side, settled);
      entry.requestId ??= call.requestId;
      const attributed = new Promise<readonly DayRange[]>((resolve, reject) => {
        entry.waiters.push({ resolve, reject });
      });
      start();
      try {
        const ranges = await attributed;
        await pending.settle(workspace, side, settled);
        return ranges;
      } catch (error) {
        pending.abandon(workspace, side, settled);
        throw error;
      }
    },
    async stop() {
      stopping.abort();
      clearTimeout(retry);
      await working;
      await pending.close();
    },
  };
}

interface Marked {
  readonly workspace: string;
  readonly side: AttributionSide;
  readonly days: Set<Day>;
}

/** The days that one piece of work has marked for attribution, each marked once however often it is begun again. */
export interface AttributionMarks {
  /** Marks those of these days that are not marked yet. Durable when it resolves. */
  mark(workspace: string, side: AttributionSide, days: Iterable<Day>): Promise<void>;
  /** Attributes all that was marked and forgets it. */
  settle(requestId: string): Promise<void>;
}

export function createAttributionMarks(queue: AttributionQueue): AttributionMarks {
  const marked = new Map<string, Marked>();
  return {
    async mark(workspace, side, days) {
      const key = `${side} ${workspace}`;
      const entry = marked.get(key) ?? { workspace, side, days: new Set<Day>() };
      const added = [...new Set(days)].filter((day) => !entry.days.has(day));
      if (added.length === 0) return;
      await queue.mark(workspace, side, added);
      for (const day of added) entry.days.add(day);
      marked.set(key, entry);
    },
    async settle(requestId) {
      const entries = [...marked.values()];
      marked.clear();
      const settled = entries.map(({ workspace, side, days }) =>
        queue.settle(workspace, side, days, { requestId }),
      );
      // All are waited for: each gives up its own mark.
      const [failure] = (await Promise.allSettled(settled)).filter(({ status }) => status === 'rejected');
      if (failure?.status === 'rejected') throw failure.reason;
    },
  };
}
