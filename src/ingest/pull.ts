import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { Store } from '../clickhouse/store.ts';
import type { Clock } from '../clock.ts';
import { toUtmqlError, UtmqlError } from '../errors.ts';
import type { Lease } from '../leases/leases.ts';
import type { Lock } from '../leases/store-lock.ts';
import type { Logger } from '../logger.ts';
import type { DayRange } from '../metrics/query.ts';
import { createAdPerformanceNormaliser } from '../records/ad-performance.ts';
import { createAdRemains, type Remains } from '../records/ad-remains.ts';
import type { Day } from '../records/day.ts';
import { createOpportunityNormaliser } from '../records/opportunity.ts';
import { type Outcome, Repairs } from '../records/outcome.ts';
import { refuseDay, type TakenDays } from '../records/taken-days.ts';
import type { AttributionQueue } from './attribution-queue.ts';
import type { DataVersion } from './data-version.ts';
import { createFeedCheck } from './feed-check.ts';
import { describeLoss, lossOf, takesTooMuch } from './guard.ts';
import { leftOut } from './left-out.ts';
import { rejectOf } from './malformed-reject.ts';
import type { DayMerger } from './merge-days.ts';
import type { Owners } from './ownership/owners.ts';
import type { RawLanding, RawPage } from './raw-landing.ts';
import { createRejectWriter } from './reject-writer.ts';
import type { DayChanges, IngestRun, RunStatus } from './run.ts';
import type { Source, SourceKind } from './sources/source.ts';
import { createAdsStage } from './staging/ads-stage.ts';
import { createOpportunityStage } from './staging/opportunity-stage.ts';
import type { Applied, Extent, Stage } from './staging/stage.ts';
import { createUnclearDays } from './unclear-days.ts';

/** How often a running run tells how far it is. */
const progressEveryMs = 500;
/** How long a feed rests after a batch, which takes about as long to read, while callers' queries are at work. */
const restMs = 10;

export interface PullDeps {
  readonly store: Store;
  readonly queue: AttributionQueue;
  readonly opportunityLock: Lock;
  readonly owners: Pick<Owners, 'settle'>;
  readonly merger: DayMerger;
  readonly dataVersion: DataVersion;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly retentionDays: number;
  readonly maxFutureDays: number;
  /** Encoded rows held at most, while one batch as large is on its way. */
  readonly batchBytes: number;
  /** Whether callers wait for queries: feeds give way to them. */
  readonly queriesAtWork: () => boolean;
}

/** What one run reads, and what it may write. */
export interface PullInput {
  readonly pages: AsyncIterable<RawPage>;
  /** Where the pages are kept for a replay; undefined for those that come from there. */
  readonly landing: RawLanding | undefined;
  /** Days that newer runs have read: a replay leaves them alone. */
  readonly skipDays: ReadonlySet<Day>;
  /** When what the source says was true, microseconds. */
  readonly version: number;
  /** Whether a run that would take a lot away is to wait for somebody's word. */
  readonly isGuarded: boolean;
  readonly signal: AbortSignal;
  /** Without it nothing is written any more: another process may have taken the run up. */
  readonly lease: Pick<Lease, 'isHeld'>;
  /** Gets the run's state while it goes on. */
  readonly report: (run: IngestRun) => void;
}

/**
 * Runs one source from the first byte to the finished attribution: pages → records → normalise → staging → the difference
 * into ClickHouse. Never throws: what goes wrong is in the run that it returns.
 *
 * A feed that breaks off changes nothing with `replace`, since any day may be incomplete; with `upsert`, what came whole
 * is stored. A cancelled run stops between two statements, each of which changes whole days.
 */
export async function pull(
  deps: PullDeps,
  source: Source,
  run: IngestRun,
  input: PullInput,
): Promise<IngestRun> {
  const common = {
    store: whileHeld(deps.dataVersion.watch(deps.store, run.workspace), input.lease),
    runId: run.id,
    workspace: run.workspace,
    source: run.source,
    version: input.version,
    requestId: run.requestId,
    capacityBytes: deps.batchBytes,
  };
  if (source.kind === 'opportunity') {
    return pullRecords(deps, source, run, input, {
      normalise: createOpportunityNormaliser(source.rules),
      stage: createOpportunityStage({ ...common, namespace: source.namespace, lock: deps.opportunityLock }),
      remainsOf: () => 'nothing',
      keep: () => undefined,
    });
  }
  const duplicates = source.feed.duplicates ?? (run.mode === 'replace' ? 'fail' : 'last');
  const stage = createAdsStage({ ...common, duplicates });
  return pullRecords(deps, source, run, input, {
    normalise: createAdPerformanceNormaliser(source.rules),
    stage,
    remainsOf: createAdRemains(source.rules),
    keep: (record) => stage.keep(record),
  });
}

/** What differs between the kinds of record. */
interface PulledKind<T extends { readonly day: Day }> {
  normalise(raw: unknown, repairs: Repairs): Outcome<T>;
  readonly stage: Stage<T>;
  /** What can still be read of a rejected record. */
  remainsOf(raw: unknown): Remains<T>;
  /** Leaves what is stored of a record as it is. */
  keep(record: T): void;
}

async function pullRecords<T extends { readonly day: Day }>(
  deps: PullDeps,
  source: Source,
  run: IngestRun,
  input: PullInput,
  { normalise, stage, ...kind }: PulledKind<T>,
): Promise<IngestRun> {
  const { clock, queue } = deps;
  const { signal } = input;
  const logger = deps.logger.child({ runId: run.id, source: source.name, requestId: run.requestId });
  const rejects = createRejectWriter({
    store: run.dryRun ? undefined : deps.store,
    run,
    kind: source.kind,
    now: () => clock.now(),
  });
  const repairs = new Repairs();
  const side = source.kind === 'ad_performance' ? 'ads' : 'opportunities';
  const check = createFeedCheck(source.feed);
  let recordsRead = 0;
  let bytesRead = 0;
  let outsideRange = 0;
  let leftOutCount = 0;
  const unclear = createUnclearDays();
  let applied: Omit<Applied, 'touched'> = { written: 0, changed: 0, removed: 0, outdated: 0, superseded: 0 };
  let changes: readonly DayChanges[] = [];
  let touched: ReadonlySet<Day> = new Set();
  let reportedAt = clock.now();

  const state = (status: RunStatus, error?: { code: string; message: string }): IngestRun => {
    const { duplicates, days } = stage.progress();
    return {
      ...run,
      status,
      recordsRead,
      recordsWritten: applied.written,
      recordsChanged: applied.changed,
      recordsRemoved: applied.removed,
      recordsSkipped: present({
        outside_range: outsideRange,
        left_out: leftOutCount,
        duplicate: duplicates.identical,
        conflicting_duplicate: duplicates.conflicting,
        summed: duplicates.summed ?? 0,
        deleted: applied.deleted ?? 0,
        outdated: applied.outdated,
        superseded: applied.superseded,
      }),
      recordsRejected: rejects.counts(),
      repairs: repairs.toRecord(),
      unknownFields: repairs.unknownFields(),
      days: [...new Set([...(status === 'running' ? run.days : touched), ...days])].sort((a, b) => a - b),
      changes,
      bytesRead,
      errorCode: error?.code ?? '',
      errorMessage: error?.message ?? '',
      ...(status === 'running' ? {} : { finishedAt: clock.now() }),
    };
  };

  const read = async (): Promise<void> => {
    const since = run.since ?? Number.NEGATIVE_INFINITY;
    const until = run.until ?? Number.POSITIVE_INFINITY;
    const taken: TakenDays = {
      today: Math.floor(clock.now() / 86_400_000),
      keptDays: deps.retentionDays,
      keptBy: 'DATA_RETENTION_DAYS',
      maxFutureDays: deps.maxFutureDays,
    };
    const isAsked = (day: Day): boolean => day >= since && day <= until;
    /** With `replace`, what is missing from the feed is gone; what came and could not be read is not missing. */
    const salvage = (raw: unknown): void => {
      const remains = kind.remainsOf(raw);
      if (remains === 'nothing') unclear.addAll();
      else if ('day' in remains) unclear.add(remains.day);
      else if (isAsked(remains.keyed.day) && refuseDay(remains.keyed.day, taken) === undefined) {
        kind.keep(remains.keyed);
      }
    };
    let position = 0;
    let pageNumber = 0;
    const recordsOf = source.reader();
    for await (const page of input.pages) {
      signal.throwIfAborted();
      const body = input.landing?.keep(run, pageNumber, page) ?? page.body;
      pageNumber += 1;
      // Positions count through all pages.
      const before = position;
      for await (const batch of recordsOf({ body, contentType: page.contentType })) {
        bytesRead += batch.bytes;
        recordsRead += batch.records.length + batch.malformed.length;
        for (const broken of batch.malformed) {
          position = Math.max(position, before + broken.position);
          rejects.add(before + broken.position, broken.text, rejectOf(broken));
          unclear.addAll();
        }
        for (let index = 0; index < batch.records.length; index++) {
          const raw = batch.records[index];
          position = before + batch.firstPosition + index;
          if (raw === leftOut) {
            leftOutCount += 1;
            continue;
          }
          const outcome = normalise(raw, repairs);
          if ('reject' in outcome) {
            rejects.add(position, raw, outcome.reject);
            if (run.mode === 'replace' && outcome.reject.reason !== 'totals_row') salvage(raw);
          } else if (!isAsked(outcome.record.day)) {
            check.see(raw);
            outsideRange += 1;
          } else {
            const reject = refuseDay(outcome.record.day, taken);
            if (reject !== undefined) rejects.add(position, raw, reject);
            else {
              check.see(raw);
              stage.add(outcome.record);
            }
            if (stage.full) await stage.send();
          }
        }
        await rejects.send();
        // Bytes that have come already would be read without a pause, and callers of the API would wait for so long.
        await (deps.queriesAtWork() ? delay(restMs) : nextTurn());
        if (clock.now() - reportedAt >= progressEveryMs) {
          reportedAt = clock.now();
          input.report(state('running'));
        }
      }
    }
  };

  const failures: UtmqlError[] = [];
  const attempt = async (step: () => Promise<void>): Promise<void> => {
    try {
      await step();
    } catch (error) {
      const failure = signal.aborted ? cancelled(signal) : toUtmqlError(error, unexpected);
      failures.push(failure);
      if (failure.code !== 'CANCELLED') logger.warn({ err: error }, 'a step of the run failed');
    }
  };

  await attempt(read);
  await attempt(() => stage.finish());
  const before = failures.length;
  const { beyond_retention: _readable, ...unreadable } = rejects.counts();
  const unreadableCount = sumOf(unreadable);
  await attempt(async () => {
    check.verify({ mode: run.mode, read: recordsRead, unreadable: unreadableCount });
    await deps.owners.settle();
  });
  const isRefused = failures.length > before;
  input.report(state('running'));
  await attempt(() => rejects.send(true));
  const marked = new Set<Day>();
  const extent: Extent = {
    mode: run.mode,
    skipDays: input.skipDays,
    unclearDays: unclear.days,
    wholeRange: unreadableCount === 0 ? askedRange(run, source.kind) : undefined,
  };
  let loss = '';
  if (failures.length === 0 && run.mode === 'replace' && !run.dryRun && input.isGuarded) {
    await attempt(async () => {
      const { stored, staged, days } = await stage.weigh(extent);
      if (!takesTooMuch({ before: stored, after: staged })) return;
      // Closer: some of it may only be what could not be read.
      const found = await stage.changes(extent);
      const exact = lossOf(stored, found);
      if (!takesTooMuch(exact)) return;
      changes = found;
      loss = describeLoss(exact, days);
    });
  }
  const mayWrite =
    loss === '' &&
    (failures.length === 0 || (run.mode === 'upsert' && !isRefused && !signal.aborted && !run.dryRun));
  if (mayWrite && run.dryRun) {
    await attempt(async () => {
      changes = await stage.changes(extent);
    });
  } else if (mayWrite) {
    await attempt(async () => {
      const result = await stage.apply({
        ...extent,
        signal,
        onDays: async (days) => {
          await queue.mark(run.workspace, side, days);
          for (const day of days) marked.add(day);
        },
      });
      applied = result;
      touched = result.touched;
    });
    if (failures.length > 0 && applied.written === 0) touched = marked;
    // What an earlier attempt wrote is no difference any more, but its process may have ended before attributing it.
    if (run.attempt > 1) {
      await attempt(async () => {
        const days = [...run.days, ...stage.progress().days].filter((day) => !marked.has(day));
        await queue.mark(run.workspace, side, new Set(days));
        for (const day of days) marked.add(day);
      });
    }
    input.report(state('running'));
    // Whatever became of the write: days that may have changed are attributed anew.
    await attempt(async () => {
      const ranges = await queue.settle(run.workspace, side, marked, { requestId: run.requestId });
      const days = side === 'ads' ? ranges.flatMap(daysOf) : touched;
      if (side === 'ads') deps.merger.add('ad_performance', touched);
      deps.merger.add('opportunities', days);
    });
  }
  await stage
    .discard()
    .catch((error: unknown) => logger.warn({ err: error }, 'staged rows could not be dropped; TTL will'));

  const [error] = failures;
  const stored = applied.written > 0 || marked.size > 0;
  const { totals_row: _noRecords, ...lost } = unreadable;
  const isIncomplete = run.mode === 'replace' && !run.dryRun && sumOf(lost) > 0;
  const finished =
    error === undefined && loss !== ''
      ? state('held', { code: 'HELD', message: loss })
      : state(statusOf(error, stored, isIncomplete), error && explain(error, run, stored));
  logger.info(
    {
      status: finished.status,
      read: finished.recordsRead,
      written: finished.recordsWritten,
      changed: finished.recordsChanged,
      removed: finished.recordsRemoved,
      rejected: finished.recordsRejected,
      error: finished.errorMessage || undefined,
    },
    'run finished',
  );
  return finished;
}

/** The same store, which writes nothing once the lease is no longer held. */
function whileHeld(store: Store, lease: Pick<Lease, 'isHeld'>): Store {
  const check = (): void => {
    if (!lease.isHeld()) throw new UtmqlError('CANCELLED', 'Another process may have taken the run up.');
  };
  return {
    ...store,
    async insert(...call) {
      check();
      await store.insert(...call);
    },
    async command(...call) {
      check();
      await store.command(...call);
    },
  };
}

/** @param isIncomplete records of a `replace` could not be read, so that what is stored of them stays as it was */
function statusOf(error: UtmqlError | undefined, stored: boolean, isIncomplete: boolean): RunStatus {
  if (error === undefined) return isIncomplete ? 'partial' : 'succeeded';
  if (error.code === 'CANCELLED') return 'cancelled';
  return stored ? 'partial' : 'failed';
}

function explain(error: UtmqlError, run: IngestRun, stored: boolean): UtmqlError {
  if (run.dryRun) return error;
  const outcome = stored
    ? 'What came before is stored; the same call again completes it.'
    : 'Nothing was changed.';
  return new UtmqlError(error.code, `${error.message} ${outcome}`, {
    retryable: error.retryable,
    cause: error,
  });
}

const unexpected = 'The run failed for a reason that has been logged.';

const cancelled = (signal: AbortSignal): UtmqlError =>
  signal.reason instanceof UtmqlError ? signal.reason : new UtmqlError('CANCELLED', 'The run was cancelled.');

/** The range that the call names. A CRM is often asked for what was changed in it, which says nothing of its days. */
const askedRange = ({ since, until }: IngestRun, kind: SourceKind): DayRange | undefined =>
  kind === 'ad_performance' && since !== undefined && until !== undefined
    ? { from: since, to: until }
    : undefined;

const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, times) => sum + times, 0);

const present = (counts: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));

function daysOf(range: DayRange): Day[] {
  return Array.from({ length: range.to - range.from + 1 }, (_, index) => range.from + index);
}
