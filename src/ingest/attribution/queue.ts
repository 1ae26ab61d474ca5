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

/** Events come all the time, and nobody waits for their attribution: those of so long are attributed together. */
const eventsPauseMs = 500;
/** The pause is so many times as long as their last attribution took, if that is more. */
const eventsShare = 9;

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

/**
 * @param options.file where the marked days are kept; what an earlier process left there is attributed in the background, like events
 *   that nobody has looked at
 */
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
  let areEventsDue = false;
  let eventsTimer: NodeJS.Timeout | undefined;
  let eventsTookMs = 0;

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
    if (side === 'events' && !areEventsDue) {
      eventsTimer ??= setTimeout(
        () => {
          eventsTimer = undefined;
          areEventsDue = true;
          start();
        },
        Math.max(eventsPauseMs, eventsShare * eventsTookMs),
      ).unref();
    }
    return known;
  };

  /** What is due: events are when their pause is over, until none is left. */
  const nextDue = (): MarkedDays | undefined => {
    const [found] = [...waiting].filter(([, { side }]) => side !== 'events' || areEventsDue);
    if (found !== undefined) waiting.delete(found[0]);
    else areEventsDue = false;
    return found?.[1];
  };

  const attribute = async ({
    workspace,
    side,
    days,
    requestId,
  }: MarkedDays): Promise<readonly DayRange[]> => {
    const call = { requestId, signal: stopping.signal };
    if (side === 'opportunities') return attribution.afterOpportunities(workspace, days, call);
    if (side === 'events') {
      const startedAt = performance.now();
      return attribution.afterEvents(workspace, days, call).finally(() => {
        eventsTookMs = performance.now() - startedAt;
      });
    }
    let further: readonly Day[] = [];
    try {
      const ranges = await attribution.afterAds(workspace, days, call, async (more) => {
        await pending.mark(workspace, 'ads', more);
        further = more;
      });
      await pending.settle(workspace, 'ads', further);
      return ranges;
    } catch (error) {
      pending.abandon(workspace, 'ads', further);
      throw error;
    }
  };

  const work = async (): Promise<void> => {
    for (let entry = nextDue(); entry !== undefined; entry = nextDue()) {
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
      const isAnyDue = [...waiting.values()].some(({ side }) => side !== 'events' || areEventsDue);
      if (isAnyDue) start();
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

  const lookForEvents = async (): Promise<void> => {
    const found = await attribution.daysOfNewEvents({ signal: stopping.signal });
    for (const { workspace, days } of found) {
      await pending.mark(workspace, 'events', days);
      pending.abandon(workspace, 'events', days);
    }
    if (found.length > 0) {
      logger.info({ workspaces: found.length }, 'attributing events that nobody had looked at');
      retryLeftovers();
    }
  };
  let looking: Promise<void> = Promise.resolve();
  let lookTimer: NodeJS.Timeout | undefined;
  const lookUntilFound = (): void => {
    looking = lookForEvents().catch((error: unknown) => {
      if (stopping.signal.aborted) return;
      logger.debug({ err: error }, 'events that nobody has looked at could not be looked for');
      lookTimer = setTimeout(lookUntilFound, retryAfterMs).unref();
    });
  };
  lookUntilFound();

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
      for (const timer of [retry, eventsTimer, lookTimer]) clearTimeout(timer);
      await Promise.all([working, looking]);
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
  /** Attributes all that was marked and forgets it. Events are attributed later: nobody waits for them. */
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
      const settle = ({ workspace, side, days }: Marked): Promise<unknown> =>
        queue.settle(workspace, side, days, { requestId });
      // The queue logs what fails, and tries it again.
      for (const entry of entries.filter(({ side }) => side === 'events'))
        settle(entry).catch(() => undefined);
      const settled = entries.filter(({ side }) => side !== 'events').map(settle);
      // All are waited for: each gives up its own mark.
      const [failure] = (await Promise.allSettled(settled)).filter(({ status }) => status === 'rejected');
      if (failure?.status === 'rejected') throw failure.reason;
    },
  };
}
