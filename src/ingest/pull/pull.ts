import { retryWhileAway } from '../../clickhouse/errors.ts';
import type { Lease } from '../../clickhouse/leases/leases.ts';
import type { Lock } from '../../clickhouse/leases/store-lock.ts';
import { whileHeld } from '../../clickhouse/leases/while-held.ts';
import type { Store } from '../../clickhouse/store.ts';
import { toUtmqlError, type UtmqlError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import type { DayRange } from '../../metrics/query.ts';
import type { Day } from '../../records/day.ts';
import { Repairs } from '../../records/outcome.ts';
import type { SourceKind } from '../../sources/mapping/source-kind.ts';
import type { Source } from '../../sources/source.ts';
import type { Clock } from '../../time.ts';
import type { AttributionQueue } from '../attribution/queue.ts';
import type { PulledKind, StoredRecord } from '../kinds/kind.ts';
import { pulledKinds, type Records } from '../kinds/kinds.ts';
import { type AcceptedAges, acceptedDays } from '../kinds/normalisers.ts';
import type { Owners } from '../ownership/owners.ts';
import { readBySource } from '../push/read-again.ts';
import { type AcceptedKeys, createAcceptedKeys, loadOpenRejects } from '../rejects/accepted-keys.ts';
import { storedKey } from '../rejects/reject-row.ts';
import { createRejectWriter } from '../rejects/reject-writer.ts';
import type { IngestRun } from '../runs/run.ts';
import type { DayMerger } from '../storage/merge-days.ts';
import type { Extent } from '../storage/stage.ts';
import { cancelledBy, endingOf } from './ending.ts';
import { createFeedCheck } from './feed-check.ts';
import { createFeedShape, type FeedColumns } from './feed-shape.ts';
import { rivalsOf } from './overlap.ts';
import type { RawLanding, RawPage } from './raw-landing.ts';
import { createReading } from './reading.ts';
import { finishedState, type RunParts, runningState } from './run-state.ts';
import { createWriting, type RunStep } from './writing.ts';

export interface PullDeps {
  /** As they are now. */
  readonly sources: () => readonly Source[];
  readonly store: Store;
  readonly queue: AttributionQueue;
  readonly opportunityLock: Lock;
  readonly owners: Pick<Owners, 'settle'>;
  readonly merger: DayMerger;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly retention: AcceptedAges;
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
  /** Of the feed as the source's last good run saw it; none where there is nothing to compare with. */
  readonly columnsBefore: FeedColumns;
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
  const pullOf = <Name extends SourceKind>(name: Name): Promise<IngestRun> =>
    pullKind<Records[Name]>(deps, source, run, input, pulledKinds[name]);
  return pullOf(source.kind);
}

async function pullKind<T extends StoredRecord>(
  deps: PullDeps,
  source: Source,
  run: IngestRun,
  input: PullInput,
  kind: PulledKind<T>,
): Promise<IngestRun> {
  const held = whileHeld(deps.store, input.lease);
  const pulled = kind.openPull({
    store: held,
    runId: run.id,
    workspace: run.workspace,
    source: run.source,
    version: input.version,
    requestId: run.requestId,
    capacityBytes: deps.batchBytes,
    rules: source.rules,
    mode: run.mode,
    duplicates: source.feed.duplicates,
    namespace: source.namespace,
    lock: deps.opportunityLock,
  });
  const { clock } = deps;
  const { signal } = input;
  const { stage } = pulled;
  const logger = deps.logger.child({ runId: run.id, source: source.name, requestId: run.requestId });

  const failures: UtmqlError[] = [];
  const attempt: RunStep = async (step) => {
    try {
      await step();
    } catch (error) {
      const failure = signal.aborted ? cancelledBy(signal) : toUtmqlError(error, unexpected);
      failures.push(failure);
      if (failure.code !== 'CANCELLED') logger.warn({ err: error }, 'a step of the run failed');
    }
  };

  const rejects = createRejectWriter({
    store: run.dryRun ? undefined : deps.store,
    run,
    kind: source.kind,
    reading: readBySource,
    now: () => clock.now(),
  });
  const keyIn = (key: string): string => storedKey(source.kind, source.namespace, key);
  const keyOfRejected = kind.createRejectedKeyReader({
    ...source.rules,
    now: () => clock.now(),
    makeId: () => '',
  });
  let accepted: AcceptedKeys | undefined;
  const repairs = new Repairs();
  const check = createFeedCheck(source.feed);
  const shape = createFeedShape();
  const reading = createReading({
    source,
    run,
    pulled,
    pages: input.pages,
    landing: input.landing,
    taken: acceptedDays(kind, deps.retention, clock.now()),
    rejects,
    keyOfRejected(raw) {
      const key = keyOfRejected(raw);
      return key === undefined ? undefined : keyIn(key);
    },
    onTaken(record) {
      if (!input.skipDays.has(record.day))
        accepted?.see(record.day, () => keyIn(kind.keyOf(record)), input.version);
    },
    repairs,
    check,
    shape,
    signal,
    now: () => clock.now(),
    queriesAtWork: deps.queriesAtWork,
    onProgress: () => report(),
  });
  const writing = createWriting({
    run,
    kind,
    stage,
    queue: deps.queue,
    merger: deps.merger,
    signal,
    attempt,
  });
  const parts: RunParts = { reading, stage, writing, rejects, repairs, shape };
  const report = (): void => input.report(runningState(run, parts));

  await attempt(async () => {
    if (!run.dryRun) accepted = await openAcceptedKeys({ ...deps, store: held }, source, run);
    await reading.read();
  });
  await attempt(() => stage.finish());
  const beforeCheck = failures.length;
  const unreadable = unreadableIn(rejects.counts());
  await attempt(async () => {
    check.verify({ mode: run.mode, read: reading.counts.records, unreadable: unreadable.rejected });
    await deps.owners.settle();
  });
  const isRefused = failures.length > beforeCheck;
  report();
  await attempt(() => rejects.send(true));

  const extent: Extent = {
    mode: run.mode,
    skipDays: input.skipDays,
    unclearDays: reading.unclearDays,
    wholeRange: unreadable.rejected === 0 ? askedRange(run, kind) : undefined,
  };
  const isSalvaged = run.mode === 'upsert' && !isRefused && !signal.aborted && !run.dryRun;
  const isWorthWriting = failures.length === 0 || isSalvaged;
  const beforeGuard = failures.length;
  const loss = isWorthWriting && !run.dryRun && input.isGuarded ? await writing.weigh(extent) : '';
  if (isWorthWriting && loss === '' && failures.length === beforeGuard) {
    if (run.dryRun) await writing.compare(extent);
    else await writing.write(extent);
    report();
    if (failures.length === beforeGuard) {
      // The records are stored: where this fails, the next run that stores them ends their rejects.
      await accepted
        ?.settle(run.id)
        .catch((error: unknown) => logger.warn({ err: error }, 'rejected records could not be ended'));
    }
  }
  await stage
    .discard()
    .catch((error: unknown) => logger.warn({ err: error }, 'staged rows could not be dropped; TTL will'));

  const ending = endingOf(run, {
    failure: failures[0],
    loss,
    hasStored: writing.hasStored,
    isIncomplete: run.mode === 'replace' && !run.dryRun && unreadable.lost > 0,
  });
  const finished = finishedState(
    run,
    parts,
    ending,
    input.columnsBefore,
    { kind: source.kind, rivals: rivalsOf(source, deps.sources()) },
    clock.now(),
  );
  for (const warning of finished.warnings) logger.warn({ warning }, 'a run has a warning');
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

const unexpected = 'The run failed for a reason that has been logged.';

/** Notes which rejected records of the source, under whatever name, the run stores. */
async function openAcceptedKeys(
  { store, clock }: Pick<PullDeps, 'store' | 'clock'>,
  { name, formerly, kind }: Source,
  { workspace, requestId }: IngestRun,
): Promise<AcceptedKeys> {
  const sources = [name, ...formerly];
  const open = await retryWhileAway(() => loadOpenRejects(store, { workspace, kind, sources }, requestId));
  const { dayOfKey } = pulledKinds[kind];
  return createAcceptedKeys(open, { store, workspace, requestId, now: () => clock.now(), dayOfKey });
}

/** The range that the call names, where it says which records are asked for. */
const askedRange = (
  { since, until }: IngestRun,
  { isAskedByDay }: Pick<PulledKind<never>, 'isAskedByDay'>,
): DayRange | undefined =>
  isAskedByDay && since !== undefined && until !== undefined ? { from: since, to: until } : undefined;

/** How many records were rejected for what they say (not for their age), and how many of those were records at all. */
function unreadableIn(counts: Readonly<Record<string, number>>): { rejected: number; lost: number } {
  const all = Object.values(counts).reduce((sum, times) => sum + times, 0);
  const rejected = all - (counts.beyond_retention ?? 0);
  return { rejected, lost: rejected - (counts.totals_row ?? 0) };
}
