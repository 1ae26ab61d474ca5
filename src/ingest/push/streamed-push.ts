import { Semaphore } from 'async-mutex';
import { anonymous } from '../../access/caller.ts';
import type { Lock } from '../../clickhouse/leases/store-lock.ts';
import type { Store } from '../../clickhouse/store.ts';
import { toUtmqlError, type UtmqlError } from '../../errors.ts';
import type { RecordBatch } from '../../formats/feed/record-batch.ts';
import type { Logger } from '../../logger.ts';
import type { RecordKind } from '../../records/contract.ts';
import type { Day } from '../../records/day.ts';
import { pushSource } from '../../records/names.ts';
import type { Clock } from '../../time.ts';
import { type AttributionQueue, createAttributionMarks } from '../attribution/queue.ts';
import { createKindWriter, kinds } from '../kinds/kinds.ts';
import type { Normalisers } from '../kinds/normalisers.ts';
import type { Versions } from '../runs/versions.ts';
import type { DayMerger } from '../storage/merge-days.ts';
import type { PushOutcome } from './answer.ts';
import { Intake, namespaceOfPush, type PushCall } from './intake.ts';
import { openPushAccepted, type PushAccepted } from './push-accepted.ts';
import { createPushRejects } from './push-rejects.ts';
import type { PushRuns } from './push-runs.ts';

/** Large pushes at a time: each holds a batch in memory. Others are not read on until it is their turn. */
const most = 4;
/** Of one caller, so that nobody holds up all others. */
const mostOfOne = 2;

/** Gives large pushes their turns. */
export interface LargeTurns {
  /** @param id whose push it is; those who need not log in are not told apart, and may all push at once */
  run<Result>(id: string, work: () => Promise<Result>): Promise<Result>;
}

export function createLargeTurns(): LargeTurns {
  const all = new Semaphore(most);
  const shares = new Map<string, Semaphore>();
  return {
    async run(id, work) {
      if (id === anonymous.id) return all.runExclusive(work);
      const share = shares.get(id) ?? new Semaphore(mostOfOne);
      shares.set(id, share);
      try {
        return await share.runExclusive(() => all.runExclusive(work));
      } finally {
        // Nobody has a turn or waits for one.
        if (share.getValue() === mostOfOne) shares.delete(id);
      }
    },
  };
}

export interface LargePushDeps {
  readonly store: Store;
  readonly opportunityLock: Lock;
  readonly attributionQueue: AttributionQueue;
  readonly merger: DayMerger | undefined;
  readonly normalisers: Normalisers;
  readonly runs: PushRuns;
  readonly clock: Clock;
  readonly versions: Versions;
  readonly logger: Logger;
  /** Encoded rows held at most, while one batch as large is on its way. */
  readonly batchBytes: number;
}

/**
 * Streams a push of any length straight into ClickHouse: the body is read as fast as it is stored. What came whole before
 * the body or the store broke off is stored; the same push again changes nothing and completes it.
 */
export async function pushLarge(
  deps: LargePushDeps,
  kind: RecordKind,
  call: PushCall,
  batches: AsyncIterable<RecordBatch>,
): Promise<PushOutcome> {
  const { runs, versions } = deps;
  const { workspace, requestId } = call;
  const run = runs.of(kind, call);
  const version = versions.now() * 1_000;
  const { attributed: side, isMerged, table } = kinds[kind];
  const marks = createAttributionMarks(deps.attributionQueue);
  const writer = createKindWriter(kind, {
    store: deps.store,
    workspace,
    source: pushSource,
    namespace: namespaceOfPush(call),
    version,
    requestId,
    capacityBytes: deps.batchBytes,
    lock: deps.opportunityLock,
  });
  const rejects = createPushRejects(deps, kind, call, run.id);
  let seen: PushAccepted | undefined;
  /** Days of records that the writer holds and that may not be marked yet. */
  const days = new Set<Day>();
  const intake = new Intake({
    kind,
    call,
    run,
    normalisers: deps.normalisers,
    targets: {
      record(record) {
        days.add(record.record.day);
        seen?.see(record);
        writer.add(record, version);
      },
      reject: (position, line, record, reject, key) => rejects.add(position, record, reject, { line, key }),
    },
  });
  const mark = async (): Promise<void> => {
    if (side !== undefined) await marks.mark(workspace, side, days);
    days.clear();
  };

  const attempts = createAttempts(deps.logger, requestId);
  const { attempt } = attempts;
  await attempt(async () => {
    seen = await openPushAccepted(deps, kind, call, run.id, version);
    for await (const batch of batches) {
      intake.take(batch);
      if (writer.full) {
        await mark();
        await writer.send();
      }
      await rejects.send();
    }
  });
  await attempt(mark);
  await attempt(() => writer.finish());
  await attempt(() => rejects.send(true));
  // Some may not be stored: the same push again ends the rejects.
  if (attempts.failure === undefined) await attempt(async () => seen?.settle());
  const {
    written,
    duplicates,
    conflicts = new Map<Day, number>(),
    outdated = 0,
    touched,
  } = writer.progress();
  // The days are marked on disk: where this fails, the queue tries them again, and logs it.
  await marks.settle(requestId).catch(() => undefined);
  if (isMerged) deps.merger?.add(table.name, touched);

  const folded = { ...duplicates, summed: 0 };
  // Not stored for all that is known: the store failed.
  const unconfirmed = Math.max(
    0,
    intake.accepted - written - duplicates.identical - duplicates.conflicting - outdated,
  );
  runs.add(run, intake.counts(0, folded, { outdated, unconfirmed, conflicts }));
  const accepted = intake.accepted - unconfirmed;
  return { answer: intake.answer(accepted, folded, true), failure: attempts.failure };
}

/** Steps of a push. Each is tried whatever happened to the one before: what was whole is kept. */
export interface Attempts {
  attempt(step: () => Promise<void>): Promise<void>;
  /** Of the first step that failed. */
  readonly failure: UtmqlError | undefined;
}

export function createAttempts(logger: Logger, requestId: string): Attempts {
  let failure: UtmqlError | undefined;
  return {
    async attempt(step) {
      try {
        await step();
      } catch (error) {
        failure ??= toUtmqlError(error, 'The push failed for a reason that has been logged.');
        if (failure.code === 'INTERNAL') logger.error({ err: error, requestId }, 'a push failed');
      }
    },
    get failure() {
      return failure;
    },
  };
}
