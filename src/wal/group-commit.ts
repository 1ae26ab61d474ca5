import type { UtmqlError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Clock } from '../time.ts';
import { writeFailed } from './errors.ts';
import { frameHeaderBytes } from './segment.ts';
import type { AppendBatch, SegmentWriter } from './segment-writer.ts';

/** Group commit: all appends that arrive during one fsync share the next one. */
export interface Commits {
  /**
   * Resolves with the position after the last record when all records are durable.
   *
   * @throws UtmqlError BUFFER_UNAVAILABLE if the disk is full or failing
   */
  submit(payloads: readonly Buffer[]): Promise<number>;
  /** Records that are not durable yet. */
  readonly waiting: { readonly records: number; readonly bytes: number };
  /** Resolves when no records are left to write. */
  settled(): Promise<void>;
}

interface WaitingBatch extends AppendBatch {
  readonly resolve: (end: number) => void;
  readonly reject: (error: UtmqlError) => void;
}

/** Minimum time between two attempts on a failing disk. */
const retryEveryMs = 250;

export const bytesOf = (payloads: readonly Buffer[]): number =>
  payloads.reduce((sum, payload) => sum + frameHeaderBytes + payload.length, 0);

/** @param options.onDurable called after each group */
export function createCommits(options: {
  writer: SegmentWriter;
  /** Maximum bytes of a group; further appends wait for the next one. A single append may be larger. */
  groupBytes: number;
  /** Called before each group. */
  prepare: () => Promise<void>;
  onDurable: () => void;
  clock: Clock;
  logger: Logger;
}): Commits {
  const { writer, clock, logger } = options;
  let queue: WaitingBatch[] = [];
  const waiting = { records: 0, bytes: 0 };
  let running = false;
  let run: Promise<void> = Promise.resolve();
  /** When the last attempt failed, as `performance.now()`; undefined if it succeeded. */
  let failedAt: number | undefined;

  const nextGroup = (): WaitingBatch[] => {
    let bytes = 0;
    const until = queue.findIndex((batch, at) => {
      bytes += batch.bytes;
      return at > 0 && bytes > options.groupBytes;
    });
    if (until !== -1) return queue.splice(0, until);
    const all = queue;
    queue = [];
    return all;
  };

  const uncount = (group: readonly WaitingBatch[]): void => {
    for (const { payloads, bytes } of group) {
      waiting.records -= payloads.length;
      waiting.bytes -= bytes;
    }
  };

  const work = async (): Promise<void> => {
    while (queue.length > 0) {
      const group = nextGroup();
      try {
        await options.prepare();
        await writer.commit(group);
      } catch (error) {
        if (failedAt === undefined)
          logger.error({ err: error }, 'the buffer cannot write; it takes no records until it can');
        failedAt = performance.now();
        // The appends after this group would fail on the same disk.
        const refused = [...group, ...queue];
        queue = [];
        uncount(refused);
        for (const { reject } of refused) reject(writeFailed(error));
        await writer.cleanUp();
        continue;
      }
      if (failedAt !== undefined) logger.info('the buffer writes again');
      failedAt = undefined;
      uncount(group);
      for (const { resolve, end } of group) resolve(end);
      options.onDurable();
    }
    running = false;
  };

  return {
    submit(payloads) {
      if (failedAt !== undefined && performance.now() - failedAt < retryEveryMs)
        return Promise.reject(writeFailed(undefined));
      return new Promise((resolve, reject) => {
        const bytes = bytesOf(payloads);
        waiting.records += payloads.length;
        waiting.bytes += bytes;
        queue.push({ payloads, bytes, time: Math.trunc(clock.now()), end: 0, resolve, reject });
        if (running) return;
        running = true;
        run = work();
      });
    },
    waiting,
    settled: () => run,
  };
}
