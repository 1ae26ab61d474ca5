import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { ClickHouseSettings } from '@clickhouse/client';
import { neededMoreMemory } from '../clickhouse/errors.ts';
import type { CallOptions, QueryWeight, Store } from '../clickhouse/store.ts';
import { wrapStore } from '../clickhouse/wrap-store.ts';
import { UtmqlError } from '../errors.ts';
import { rateLimited } from '../limits/limits.ts';
import type { Clock } from '../time.ts';
import {
  createFairQueue,
  type FairQueueSettings,
  type Owner,
  type QueueMember,
  type RefusedTask,
} from './fair-queue.ts';
import type { MemoryShares } from './memory-shares.ts';

/**
 * The ClickHouse queries of one GraphQL operation. Each waits for its turn, and all end with the operation: when its answer
 * is there, nobody needs what is still at work.
 */
export interface Queries {
  /**
   * Runs `work` when it is its turn, with what is left of the time that a query may take.
   *
   * @throws UtmqlError RATE_LIMITED when too many of the account wait; OVERLOADED when too many of all accounts do, or when its
   *   turn does not come in time; CANCELLED
   */
  run<T>(work: (call: CallOptions) => Promise<T>, weight?: QueryWeight): Promise<T>;
  /** Ends all that wait or are at work; none begins after. Resolves when ClickHouse has let go of them, too. */
  end(): Promise<void>;
}

/** The same store, whose reads are queries of one operation. */
export const withTurns = (store: Store, queries: Queries): Store =>
  wrapStore(store, {
    read: (options, next) =>
      queries.run(
        (call) => next({ ...options, ...call, settings: { ...options.settings, ...call.settings } }),
        options.weight,
      ),
  });

/** Lets so many ClickHouse queries be at work at a time, over all operations. */
export interface Admission {
  open(owner: Owner, requestId: string): Queries;
  /** @throws UtmqlError OVERLOADED where each query of the account would be refused at once */
  checkRoom(account: string): void;
  readonly isBusy: boolean;
}

/**
 * Nice values of threads, so that a light query has the processors when it comes: of a heavy query, and of an account that
 * uses much while others come. Queries usually have 8, merges 10, background statements 19 (see `withLowPriority`).
 */
const steppingBack: ClickHouseSettings = { os_thread_priority: '12' };
const givingWay: ClickHouseSettings = { os_thread_priority: '18' };

interface Waiter {
  begin(nowMs: number): void;
  refuse(because: RefusedTask<Waiter>['because']): void;
}

/** Of the time that a query may take, its wait leaves what such queries usually take, up to this share. */
const mostShareNeeded = 1 / 2;

/**
 * Why a query is not answered though its account has done nothing wrong: too many wait, its turn came too late, others had the
 * memory, or ClickHouse says so.
 */
export type OverloadReason = 'queue' | 'wait' | 'memory' | 'clickhouse';

/**
 * @param options.timeoutMs the longest that a query may take, its wait included; looked at for each
 * @param options.threads of one query, as ClickHouse usually has it
 * @param options.querySettings of every query
 * @param options.memory what queries may use; undefined: each as much as the store lets it
 * @param options.ended resolves when no query whose id begins so is at work any more; never rejects
 * @param options.onRateLimited is called when a query is refused because too many of its account wait
 * @param options.onOverloaded is called when one ends as OVERLOADED
 */
export function createAdmission(options: {
  settings: FairQueueSettings;
  timeoutMs: () => number;
  threads: number;
  querySettings: ClickHouseSettings;
  memory: MemoryShares | undefined;
  clock: Clock;
  ended: (queryIdPrefix: string) => Promise<void>;
  onRateLimited: () => void;
  onOverloaded: (reason: OverloadReason) => void;
}): Admission {
  const { settings, clock, memory } = options;
  const queue = createFairQueue<Waiter>(settings);
  const advance = (): void => {
    const now = clock.now();
    for (const waiter of queue.take(now)) waiter.begin(now);
  };
  /** Heavy queries share the cores, so that threads of light ones find one; a lone one has them all. */
  const settingsOf = (
    member: QueueMember<Waiter>,
    weight: QueryWeight,
    nowMs: number,
  ): ClickHouseSettings => ({
    ...(weight === 'heavy' && {
      ...steppingBack,
      max_threads: Math.max(Math.floor(options.threads / queue.heavyAtWork), 1),
    }),
    ...(member.givesWay(nowMs) && givingWay),
  });
  const overloaded = (reason: Exclude<OverloadReason, 'clickhouse'>): UtmqlError => {
    options.onOverloaded(reason);
    const seconds = Math.ceil(queue.drainMs() / 1_000);
    const retryAfterSeconds = Math.min(Math.max(seconds, leastRetrySeconds), mostRetrySeconds);
    const message = `${overloadMessages[reason]} Try again in ${retryAfterSeconds} s.`;
    return new UtmqlError('OVERLOADED', message, { retryable: true, retryAfterSeconds });
  };

  return {
    get isBusy() {
      return queue.atWork > 0;
    },
    checkRoom(account) {
      if (queue.isFullFor(account)) throw overloaded('queue');
    },
    open(owner, requestId) {
      const member = queue.join(owner);
      const controller = new AbortController();
      const { signal } = controller;
      // Each query of the operation listens.
      setMaxListeners(0, signal);
      const atWork = new Set<Promise<void>>();

      /** Resolves to when the turn came. */
      const turn = (weight: QueryWeight, timeoutMs: number): Promise<number> =>
        new Promise((resolve, reject) => {
          if (signal.aborted) {
            reject(cancelled());
            return;
          }
          const settle = (): void => {
            clearTimeout(timer);
            signal.removeEventListener('abort', leave);
          };
          const giveUp = (makeError: () => UtmqlError): void => {
            if (!member.remove(waiter)) return;
            settle();
            reject(makeError());
          };
          const leave = (): void => giveUp(cancelled);
          // One that begins later would be cut off before its end: time that others could have had.
          const neededMs = Math.min(queue.usualMs(weight), timeoutMs * mostShareNeeded);
          const timer = setTimeout(() => giveUp(() => overloaded('wait')), timeoutMs - neededMs);
          const waiter: Waiter = {
            begin(nowMs) {
              settle();
              resolve(nowMs);
            },
            refuse(because) {
              settle();
              if (because === 'account') options.onRateLimited();
              reject(because === 'account' ? tooMany(settings.mostWaiting) : overloaded('queue'));
            },
          };
          signal.addEventListener('abort', leave, { once: true });
          const refused = member.add(waiter, weight);
          refused?.task.refuse(refused.because);
          advance();
        });

      const run = async <T>(
        work: (call: CallOptions) => Promise<T>,
        weight: QueryWeight,
        timeoutMs: number,
      ): Promise<T> => {
        const asked = clock.now();
        const begunAt = await turn(weight, timeoutMs);
        const waitedMs = Math.max(begunAt - asked, 0);
        const leftMs = Math.max(timeoutMs - waitedMs, 1);
        if (signal.aborted) {
          member.end(begunAt, begunAt, weight);
          advance();
          throw cancelled();
        }
        const queryIdPrefix = `read-${randomUUID()}-`;
        const maxMemoryBytes = memory?.take(weight);
        const release = async (): Promise<void> => {
          // ClickHouse notices only after a moment that nobody listens any more.
          if (signal.aborted) await options.ended(queryIdPrefix);
          if (maxMemoryBytes !== undefined) memory?.giveBack(maxMemoryBytes);
          member.end(begunAt, clock.now(), weight);
          advance();
        };
        try {
          return await work({
            requestId,
            signal,
            queryIdPrefix,
            maxMemoryBytes,
            settings: {
              ...options.querySettings,
              max_execution_time: leftMs / 1_000,
              ...settingsOf(member, weight, begunAt),
            },
          });
        } catch (error) {
          if (!(error instanceof UtmqlError)) throw error;
          if (error.code === 'OVERLOADED') options.onOverloaded('clickhouse');
          // It may have needed only what it had to wait.
          if (error.code === 'TIMEOUT' && waitedMs > leftMs) throw overloaded('wait');
          const couldHaveMore = memory && Number(maxMemoryBytes) < memory.mostOfOne;
          if (!couldHaveMore || !neededMoreMemory(error)) throw error;
          if (weight === 'heavy') throw overloaded('memory');
        } finally {
          const released = release().finally(() => atWork.delete(released));
          atWork.add(released);
        }
        // It is heavier than its rows let expect.
        return run(work, 'heavy', Math.max(leftMs - (clock.now() - begunAt), 1));
      };

      return {
        run: (work, weight = 'light') => run(work, weight, options.timeoutMs()),
        async end() {
          controller.abort(ended);
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

/** Why queries end with their operation. Without a reason each would make an error of its own, stack and all. */
const ended = new UtmqlError('CANCELLED', 'The operation is over.');

/** How soon it is looked again whether the work of an operation that has ended has noticed. */
const recheckEveryMs = 20;

const leastRetrySeconds = 1;
const mostRetrySeconds = 30;

const overloadMessages = {
  queue: 'Too many queries of all callers wait for the database.',
  wait: 'The query waited for its turn for most of the time that it may take: the database is busy.',
  memory: 'The query needs more memory than those at work beside it leave.',
} as const;

const cancelled = (): UtmqlError =>
  new UtmqlError('CANCELLED', 'The request was cancelled before its answer was ready.');

const tooMany = (most: number): UtmqlError =>
  rateLimited(
    `More than ${most} queries of this caller wait for the database. Wait for earlier answers, or ask for fewer tiles at a time.`,
    1,
  );
