import type { CircuitBreaker } from '../../http-client/circuit-breaker.ts';
import type { Logger } from '../../logger.ts';
import { type Clock, fulfilsWithin } from '../../time.ts';
import type { WriteAheadBuffer } from '../../wal/wal.ts';
import type { BatchWriter } from './batch-writer.ts';

/** Bytes of a batch, however many records that are. */
const maxBatchBytes = 16_777_216;

/** Between two drains that callers wait for: a stream of small pushes becomes few INSERTs. */
const paceMs = 120;

/** After a failure, while the circuit is not open: doubled each time up to the longest. */
const firstRetryMs = 250;
const longestRetryMs = 1_000;

/** A store that has not answered for so long is taken for away by those who would wait for it. */
const stuckMs = 10_000;

/** Brings what the buffer holds into ClickHouse, in order, and releases it there once it is acknowledged. */
export interface Drainer {
  /**
   * Drains at once rather than when a batch is full or old.
   *
   * @param position from the buffer's `append`
   * @returns true when everything before `position` is stored and attributed; false when that takes longer than
   *   `timeoutMs`, or the store is away: it stays in the buffer and is stored later
   */
  stored(position: number, timeoutMs: number): Promise<boolean>;
  /** Whether the store failed at the last try. */
  isStoreAway(): boolean;
  /** Resolves when what an earlier process had left in the buffer is stored, or after `timeoutMs`. */
  caughtUp(timeoutMs: number): Promise<void>;
  /** Drains what it can within `timeoutMs`; the rest stays in the buffer. */
  stop(timeoutMs: number): Promise<void>;
}

interface Waiter {
  readonly position: number;
  resolve(isStored: boolean): void;
}

/** @param options.abort ends the calls to the store that are at work */
export function createDrainer(options: {
  buffer: WriteAheadBuffer;
  writer: BatchWriter;
  breaker: CircuitBreaker;
  batchSize: number;
  intervalMs: number;
  clock: Clock;
  logger: Logger;
  abort: () => void;
}): Drainer {
  const { buffer, writer, breaker, batchSize, intervalMs, clock, logger } = options;
  let waiters: Waiter[] = [];
  /** Batches that are stored and being attributed. */
  const settling = new Set<Promise<void>>();
  let leftovers = buffer.stats().records;
  let caughtUpWaiters: (() => void)[] = [];
  let drainedTo = 0;
  let failures = 0;
  let isStopping = false;
  let startedAt = Number.NEGATIVE_INFINITY;
  let working: Promise<void> | undefined;
  let timer: { readonly handle: NodeJS.Timeout; readonly at: number } | undefined;

  /** Drains after `delayMs`, or earlier where that is due. */
  const schedule = (delayMs: number): void => {
    if (isStopping || working !== undefined) return;
    const at = performance.now() + delayMs;
    if (timer !== undefined && timer.at <= at + 1) return;
    clearTimeout(timer?.handle);
    timer = { handle: setTimeout(start, delayMs), at };
  };

  const scheduleNext = (): void => {
    if (failures > 0) {
      const backoff = Math.min(longestRetryMs, firstRetryMs * 2 ** (failures - 1));
      schedule(Math.max(breaker.openForMs(), backoff));
      return;
    }
    const { records, oldestAt } = buffer.stats();
    if (records === 0) return;
    if (records >= batchSize) schedule(0);
    else if (waiters.length > 0) schedule(Math.max(0, startedAt + paceMs - performance.now()));
    else schedule(Math.min(intervalMs, Math.max(0, (oldestAt ?? clock.now()) + intervalMs - clock.now())));
  };

  const start = (): void => {
    timer = undefined;
    working = drain().then(() => {
      working = undefined;
      scheduleNext();
    });
  };

  /** Writes one batch. False: there was none, or it stays in the buffer. */
  const drain = async (): Promise<boolean> => {
    startedAt = performance.now();
    try {
      const { payloads, end } = await buffer.read({ records: batchSize, bytes: maxBatchBytes });
      if (payloads.length === 0) return false;
      const settle = await writer.write(payloads);
      recover();
      await buffer.release(end);
      drainedTo = end;
      noteLeftovers(payloads.length);
      settleFor(end, settle);
      return true;
    } catch (error) {
      fail(error);
      return false;
    }
  };

  const recover = (): void => {
    if (failures > 0) logger.info({ records: buffer.stats().records }, 'pushed records are stored again');
    failures = 0;
  };

  const fail = (error: unknown): void => {
    failures += 1;
    if (failures === 1 && !isStopping) {
      logger.warn({ err: error }, 'pushed records cannot be stored; they wait in the buffer');
    }
    // They are durable: no caller need wait for a store that is away.
    giveUpWaiting();
  };

  const settleFor = (end: number, settle: () => Promise<void>): void => {
    const reached = waiters.filter(({ position }) => position <= end);
    waiters = waiters.filter(({ position }) => position > end);
    const settled: Promise<void> = settle()
      // The days are marked on disk and tried again by the queue, which logs it.
      .catch(() => undefined)
      .then(() => {
        settling.delete(settled);
        for (const waiter of reached) waiter.resolve(true);
      });
    settling.add(settled);
  };

  const giveUpWaiting = (): void => {
    for (const waiter of waiters) waiter.resolve(false);
    waiters = [];
  };

  const noteLeftovers = (count: number): void => {
    leftovers = Math.max(0, leftovers - count);
    if (leftovers > 0) return;
    for (const resolve of caughtUpWaiters) resolve();
    caughtUpWaiters = [];
  };

  const isStuck = (): boolean => working !== undefined && performance.now() - startedAt > stuckMs;

  buffer.onAppend(() => {
    if (failures === 0) scheduleNext();
  });
  scheduleNext();

  return {
    async stored(position, timeoutMs) {
      if (failures > 0 || isStopping || isStuck()) return false;
      if (position <= drainedTo) return fulfilsWithin(Promise.all(settling), timeoutMs);
      let isStored = false;
      const waiter = new Promise<void>((resolve) => {
        waiters.push({
          position,
          resolve: (stored) => {
            isStored = stored;
            resolve();
          },
        });
      });
      scheduleNext();
      const isInTime = await fulfilsWithin(waiter, timeoutMs);
      return isInTime && isStored;
    },
    isStoreAway: () => failures > 0,
    async caughtUp(timeoutMs) {
      if (leftovers === 0 || failures > 0) return;
      await fulfilsWithin(new Promise<void>((resolve) => caughtUpWaiters.push(resolve)), timeoutMs);
    },
    async stop(timeoutMs) {
      isStopping = true;
      clearTimeout(timer?.handle);
      const deadline = performance.now() + timeoutMs;
      const abort = setTimeout(options.abort, timeoutMs);
      await working;
      while (failures === 0 && performance.now() < deadline && (await drain()));
      giveUpWaiting();
      await fulfilsWithin(Promise.allSettled(settling), Math.max(0, deadline - performance.now()));
      clearTimeout(abort);
      options.abort();
    },
  };
}
