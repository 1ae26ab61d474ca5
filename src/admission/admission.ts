import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { ClickHouseSettings } from '@clickhouse/client';
import type { CallOptions, Store } from '../clickhouse/store.ts';
import { wrapStore } from '../clickhouse/wrap-store.ts';
import { UtmqlError } from '../errors.ts';
import { rateLimited } from '../limits/limits.ts';
import type { Clock } from '../time.ts';
import { createFairQueue, type FairQueueSettings, type Owner } from './fair-queue.ts';

/**
 * The ClickHouse queries of one GraphQL operation. Each waits for its turn, and all end with the operation: when its answer
 * is there, nobody needs what is still at work.
 */
export interface Queries {
  /**
   * Runs `work` when it is its turn, with what is left of the time that a query may take.
   *
   * @throws UtmqlError RATE_LIMITED when too many of the account wait; TIMEOUT when its turn does not come in time; CANCELLED
   */
  run<T>(work: (call: CallOptions) => Promise<T>): Promise<T>;
  /** Ends all that wait or are at work; none begins after. Resolves when ClickHouse has let go of them, too. */
  end(): Promise<void>;
}

/** The same store, whose reads are queries of one operation. */
export const withTurns = (store: Store, queries: Queries): Store =>
  wrapStore(store, {
    read: (options, next) =>
      queries.run((call) =>
        next({ ...options, ...call, settings: { ...options.settings, ...call.settings } }),
      ),
  });

/** Lets so many ClickHouse queries be at work at a time, over all operations. */
export interface Admission {
  open(owner: Owner, requestId: string): Queries;
  readonly isBusy: boolean;
}

/**
 * Nice value of the threads that work for an account that uses much, so that a small query of another account has
 * the processors when it comes. Queries usually have 8, merges 10, background statements 19 (see `withLowPriority`).
 */
const givingWay: ClickHouseSettings = { os_thread_priority: '18' };

interface Waiter {
  begin(nowMs: number): void;
}

/**
 * @param options.timeoutMs the longest that a query may take, its wait included; looked at for each
 * @param options.ended resolves when no query whose id begins so is at work any more; never rejects
 * @param options.onRefused is called when a query is refused because too many wait
 */
export function createAdmission(options: {
  settings: FairQueueSettings;
  timeoutMs: () => number;
  clock: Clock;
  ended: (queryIdPrefix: string) => Promise<void>;
  onRefused: () => void;
}): Admission {
  const { settings, clock } = options;
  const queue = createFairQueue<Waiter>(settings);
  const advance = (): void => {
    const now = clock.now();
    for (const waiter of queue.take(now)) waiter.begin(now);
  };

  return {
    get isBusy() {
      return queue.atWork > 0;
    },
    open(owner, requestId) {
      const member = queue.join(owner);
      const controller = new AbortController();
      const { signal } = controller;
      // Each query of the operation listens.
      setMaxListeners(0, signal);
      const atWork = new Set<Promise<void>>();

      /** Resolves to when the turn came. */
      const turn = (timeoutMs: number): Promise<number> =>
        new Promise((resolve, reject) => {
          if (signal.aborted) {
            reject(cancelled());
            return;
          }
          const settle = (): void => {
            clearTimeout(timer);
            signal.removeEventListener('abort', leave);
          };
          const giveUp = (error: UtmqlError): void => {
            if (!member.remove(waiter)) return;
            settle();
            reject(error);
          };
          const leave = (): void => giveUp(cancelled());
          const timer = setTimeout(() => giveUp(tooLong(timeoutMs)), timeoutMs);
          const waiter: Waiter = {
            begin(nowMs) {
              settle();
              resolve(nowMs);
            },
          };
          signal.addEventListener('abort', leave, { once: true });
          if (member.add(waiter)) {
            advance();
            return;
          }
          settle();
          options.onRefused();
          reject(tooMany(settings.mostWaiting));
        });

      const release = async (queryIdPrefix: string, begunAt: number): Promise<void> => {
        // ClickHouse notices only after a moment that nobody listens any more.
        if (signal.aborted) await options.ended(queryIdPrefix);
        member.end(begunAt, clock.now());
        advance();
      };

      return {
        async run(work) {
          const timeoutMs = options.timeoutMs();
          const asked = clock.now();
          const begunAt = await turn(timeoutMs);
          const leftMs = Math.max(timeoutMs - Math.max(begunAt - asked, 0), 1);
          if (signal.aborted) {
            member.end(begunAt, begunAt);
            advance();
            throw cancelled();
          }
          const queryIdPrefix = `read-${randomUUID()}-`;
          try {
            return await work({
              requestId,
              signal,
              queryIdPrefix,
              settings: { max_execution_time: leftMs / 1_000, ...(member.givesWay(begunAt) && givingWay) },
            });
          } finally {
            const released = release(queryIdPrefix, begunAt).finally(() => atWork.delete(released));
            atWork.add(released);
          }
        },
        async end() {
          controller.abort();
          // What is at work hears of its end first, and is released then.
          await new Promise(setImmediate);
          while (member.atWork > 0) {
            if (atWork.size > 0) await Promise.all(atWork);
            else await new Promise((resolve) => setTimeout(resolve, recheckEveryMs));
          }
        },
      };
    },
  };
}

/** How soon it is looked again whether the work of an operation that has ended has noticed. */
const recheckEveryMs = 20;

const cancelled = (): UtmqlError =>
  new UtmqlError('CANCELLED', 'The request was cancelled before its answer was ready.');

const tooMany = (most: number): UtmqlError =>
  rateLimited(
    `More than ${most} queries of this caller wait for the database. Wait for earlier answers, or ask for fewer tiles at a time.`,
    1,
  );

const tooLong = (timeoutMs: number): UtmqlError =>
  new UtmqlError(
    'TIMEOUT',
    `The query waited for its turn for ${timeoutMs / 1_000} s, as long as it may take: the database is busy. Ask for fewer tiles at a time, or try again shortly.`,
    { retryable: true, retryAfterSeconds: 1 },
  );
