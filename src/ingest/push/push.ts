import { guardStore } from '../../clickhouse/guarded-store.ts';
import type { Lock } from '../../clickhouse/leases/store-lock.ts';
import type { Store } from '../../clickhouse/store.ts';
import { badInput, UtmqlError } from '../../errors.ts';
import type { CircuitBreaker } from '../../http-client/circuit-breaker.ts';
import type { Logger } from '../../logger.ts';
import type { RecordKind } from '../../records/contract.ts';
import type { OpportunityRules } from '../../records/opportunity.ts';
import type { Source } from '../../sources/source.ts';
import type { Telemetry } from '../../telemetry.ts';
import { type Clock, fulfilsWithin } from '../../time.ts';
import type { WriteAheadBuffer } from '../../wal/wal.ts';
import type { AttributionQueue } from '../attribution/queue.ts';
import { needsAllRows } from '../kinds/kinds.ts';
import { type AcceptedAges, createNormalisers } from '../kinds/normalisers.ts';
import type { Ownership } from '../ownership/moves.ts';
import { type RejectChoice, settleRejects } from '../rejects/settle-rejects.ts';
import type { RunRepository } from '../runs/run-table.ts';
import type { Versions } from '../runs/versions.ts';
import type { DayMerger } from '../storage/merge-days.ts';
import { type PushOutcome, pushAnswer } from './answer.ts';
import { createBatchWriter } from './batch-writer.ts';
import { pushInPieces, pushSmall } from './buffered-push.ts';
import { checkColumns } from './column-check.ts';
import { chain, namedContent, type PushContent, readHead, untilStopped } from './content.ts';
import { createDrainer } from './drainer.ts';
import { createIdempotency } from './idempotency.ts';
import type { PushCall } from './intake.ts';
import type { PushReadings } from './push-reading.ts';
import { createPushRuns } from './push-runs.ts';
import { type RetriedRecord, type RetryCaller, type RetryInput, retryRejects } from './retry-rejects.ts';
import { type EventAnswer, eventAnswer, hashOfEvent, pushEvent } from './single-event.ts';
import { pushStaged } from './staged-push.ts';
import { createLargeTurns, type LargePushDeps, pushLarge } from './streamed-push.ts';

/** An INSERT that takes longer counts as a failure of the store. */
const insertTimeoutMs = 60_000;

/** Up to this many records and bytes a push goes through the write-ahead buffer. */
const usualSmallPush = { records: 1_000, bytes: 1_048_576 } as const;

/** How long pushes at work may take to end, and the drainer after them. */
const stopMs = 3_000;

/** In how long a push that needs ClickHouse is worth another try while that is away. */
const awaySeconds = 30;

/** What a repeat of a push is answered. */
interface Replayable {
  readonly isReplayed: boolean;
}

/** Takes pushed records. What it has answered without an error is on disk or in ClickHouse. */
export interface Push {
  /**
   * Takes records of one kind, however many.
   *
   * @returns what came of it; with `failure`, what was taken before the body or the store broke off
   * @throws UtmqlError BUFFER_FULL, BUFFER_UNAVAILABLE or STORE_UNAVAILABLE where nothing was taken; UNREADABLE_BODY where
   *   nothing could be read; CONFLICT or IDEMPOTENCY_KEY_REUSED
   */
  accept(kind: RecordKind, content: PushContent, call: PushCall): Promise<PushOutcome & Replayable>;
  /**
   * Takes one event: resolves as soon as it is durable.
   *
   * @param text JSON
   * @throws UtmqlError BUFFER_FULL or BUFFER_UNAVAILABLE; CONFLICT or IDEMPOTENCY_KEY_REUSED
   */
  acceptEvent(text: string, call: PushCall): Promise<{ readonly answer: EventAnswer } & Replayable>;
  /**
   * How records are to be read that are pushed with these parameters.
   *
   * @throws UtmqlError BAD_USER_INPUT that lists what there is
   */
  readingOf: PushReadings['of'];
  /**
   * Tries rejected records again, by the rules of their source.
   *
   * @throws UtmqlError STORE_UNAVAILABLE where the rejected records cannot be read; BUFFER_FULL, BUFFER_UNAVAILABLE
   */
  retryRejects(input: RetryInput, caller: RetryCaller): Promise<readonly RetriedRecord[]>;
  /**
   * Ends rejected records that do not matter. Repeating it is harmless.
   *
   * @returns how many were open
   * @throws UtmqlError STORE_UNAVAILABLE
   */
  dismissRejects(choice: RejectChoice, caller: RetryCaller): Promise<number>;
  /**
   * Takes nothing more, ends large pushes with what they have stored, and drains what it can within seconds; the rest stays
   * in the buffer. To be called before the buffer is closed; may be called more than once.
   */
  stop(): Promise<void>;
}

export interface PushOptions {
  readonly store: Store;
  readonly buffer: WriteAheadBuffer;
  readonly breaker: CircuitBreaker;
  readonly attributionQueue: AttributionQueue;
  readonly opportunityLock: Lock;
  readonly merger?: DayMerger | undefined;
  readonly runs: RunRepository;
  readonly readings: PushReadings;
  /** Whose runs this process takes up after a crash. */
  readonly owner: string;
  readonly rulesOf: (workspace: string, source: string) => OpportunityRules;
  /** Who stands for a source now, and whose ids its opportunities have. */
  readonly ownerOf: (workspace: string, source: string) => Ownership;
  readonly sourceOf: (workspace: string, name: string) => Source | undefined;
  readonly retention: AcceptedAges;
  readonly clock: Clock;
  /** Gives records the time by which they win. */
  readonly versions: Versions;
  readonly logger: Logger;
  /** Records that are written at a time. */
  readonly batchSize: number;
  /** Longest that an event waits for its batch to fill. */
  readonly drainIntervalMs: number;
  /** Encoded rows that a large push holds. */
  readonly batchBytes: number;
  readonly telemetry: Pick<Telemetry, 'onPush' | 'observeBuffer' | 'observeBreaker'>;
}

export function createPush(options: PushOptions): Push {
  const { buffer, breaker, clock, versions, logger, telemetry, readings } = options;
  telemetry.observeBuffer(buffer, () => versions.now());
  telemetry.observeBreaker('clickhouse', breaker);
  const ending = new AbortController();
  const store = guardStore({
    store: options.store,
    breaker,
    timeoutMs: insertTimeoutMs,
    signal: ending.signal,
  });
  const runs = createPushRuns({
    ...options,
    isStoreAway: () => drainer.isStoreAway(),
    onPush: telemetry.onPush,
  });
  const normalisers = createNormalisers(options);
  const drainer = createDrainer({
    buffer,
    writer: createBatchWriter({ ...options, store, runs, capacityBytes: options.batchBytes }),
    breaker,
    batchSize: options.batchSize,
    intervalMs: options.drainIntervalMs,
    clock: versions,
    logger,
    abort: () => ending.abort(),
  });
  const idempotency = createIdempotency({ store, caughtUp: (timeoutMs) => drainer.caughtUp(timeoutMs) });
  const stopping = new AbortController();
  const small = { buffer, drainer, normalisers, runs, clock, versions, logger };
  const { maxRecords, maxBytes } = buffer.stats();
  // A small buffer would never take a push that is usually a small one.
  const smallPush = {
    records: Math.min(usualSmallPush.records, maxRecords - 1),
    bytes: Math.min(usualSmallPush.bytes, Math.floor(maxBytes / 2)),
  };
  const large: LargePushDeps = {
    ...options,
    store,
    merger: options.merger,
    normalisers,
    runs,
  };
  const largeTurns = createLargeTurns();
  const atWork = new Set<Promise<unknown>>();
  let stopped: Promise<void> | undefined;

  const track = async <T>(work: () => Promise<T>): Promise<T> => {
    stopping.signal.throwIfAborted();
    const working = work();
    atWork.add(working);
    try {
      return await working;
    } finally {
      atWork.delete(working);
    }
  };

  const pushContent = async (
    kind: RecordKind,
    content: PushContent,
    call: PushCall,
  ): Promise<PushOutcome> => {
    const batches = untilStopped(content.batches, stopping.signal);
    await call.reading?.load();
    const { head, rest, failure } = await readHead(batches, smallPush);
    if (call.reading !== undefined) checkColumns(call.reading, head);
    if (rest === undefined) {
      if (failure !== undefined && head.length === 0) throw failure;
      const hash =
        call.idempotencyKey === undefined || failure !== undefined ? undefined : await content.hash();
      return pushSmall(small, kind, call, head, hash, failure);
    }
    const whole = chain(head, rest);
    const isStoreAway = breaker.state() === 'open' || drainer.isStoreAway();
    const duplicates = call.reading?.duplicates;
    if (needsAllRows(kind, duplicates)) {
      if (isStoreAway) throw needsStore(smallPush.records);
      return largeTurns.run(call.id, () => {
        content.hurry();
        return pushStaged({ ...large, owner: options.owner }, kind, call, whole, {
          duplicates,
          signal: stopping.signal,
        });
      });
    }
    if (isStoreAway) return pushInPieces(small, kind, call, whole, () => content.hash());
    return largeTurns.run(call.id, () => {
      content.hurry();
      return pushLarge(large, kind, call, whole);
    });
  };

  const stop = async (): Promise<void> => {
    stopping.abort(
      new UtmqlError('STORE_UNAVAILABLE', 'The server is shutting down; send it again shortly.', {
        retryable: true,
        retryAfterSeconds: 5,
      }),
    );
    await fulfilsWithin(Promise.allSettled(atWork), stopMs);
    await drainer.stop(stopMs);
    await runs.stop();
  };

  const acceptOnce = async (
    kind: RecordKind,
    content: PushContent,
    call: PushCall,
  ): Promise<PushOutcome & Replayable> => {
    const { idempotencyKey: key, workspace } = call;
    if (key === undefined) return { ...(await pushContent(kind, content, call)), isReplayed: false };
    let failure: UtmqlError | undefined;
    const { answer, isReplayed } = await idempotency.once(
      { workspace, key: checkKey(key) },
      pushAnswer,
      () => content.hash(),
      async () => {
        const outcome = await pushContent(kind, content, call);
        failure = outcome.failure;
        return { answer: outcome.answer, isFinal: failure === undefined };
      },
    );
    return { answer, failure, isReplayed };
  };

  return {
    async accept(kind, content, call) {
      try {
        return await track(() => acceptOnce(kind, namedContent(content, call), call));
      } finally {
        await content.release();
      }
    },
    acceptEvent: (text, call) =>
      track(async () => {
        const { idempotencyKey: key, workspace } = call;
        if (key === undefined) return { answer: await pushEvent(small, text, call), isReplayed: false };
        return idempotency.once(
          { workspace, key: checkKey(key) },
          eventAnswer,
          async () => hashOfEvent(text),
          async () => ({ answer: await pushEvent(small, text, call), isFinal: true }),
        );
      }),
    readingOf: readings.of,
    retryRejects: (input, caller) =>
      track(() => retryRejects({ ...options, ...small, store }, input, caller)),
    dismissRejects: (choice, { workspace, policy, name, requestId }) =>
      track(() =>
        settleRejects(store, { workspace, policy }, choice, {
          state: 'dismissed',
          by: name,
          at: versions.now(),
          requestId,
        }),
      ),
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

const needsStore = (records: number): UtmqlError =>
  new UtmqlError(
    'STORE_UNAVAILABLE',
    `The database cannot be reached, which a push of more than ${records} records needs whose rows with one key are summed or may not differ. Send it again in ${awaySeconds} s.`,
    { retryable: true, retryAfterSeconds: awaySeconds },
  );

function checkKey(key: string): string {
  if (key.trim() === '' || key.length > 256) {
    throw badInput('The idempotency key is empty or longer than 256 characters.');
  }
  return key;
}
