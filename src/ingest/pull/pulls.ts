import { uuidv7 } from 'uuidv7';
import type { Requester } from '../../access/caller.ts';
import type { Leases } from '../../clickhouse/leases/leases.ts';
import { badInput, UtmqlError } from '../../errors.ts';
import type { Scheduler } from '../../sources/scheduler.ts';
import type { Source } from '../../sources/source.ts';
import { linkSignals } from '../../time.ts';
import { sourceNamed } from '../ownership/moves.ts';
import type { Executions, Work } from '../runs/executions.ts';
import { createRunFollower } from '../runs/follow.ts';
import { begunAgain, createOrphans, interruptedEnding } from '../runs/orphans.ts';
import { endedWell, type IngestRun, isFinished, newRun } from '../runs/run.ts';
import type { RunCancellations } from '../runs/run-cancellations.ts';
import type { RunRepository } from '../runs/run-table.ts';
import { createHeldRuns } from './held-runs.ts';
import type { RawLanding } from './raw-landing.ts';
import type { TriggerCaller, TriggerInput } from './trigger-input.ts';
import { createTriggers } from './triggers.ts';
import { createWorks, type WorksOptions } from './works.ts';

/** How long another process may take to end a run that is cancelled: it looks every second. */
const cancelWithinMs = 10_000;

/** Pulls records from the configured sources. */
export interface Ingest {
  readonly sources: readonly Source[];
  /** What this process runs by schedules. */
  readonly schedules: Pick<Scheduler, 'nextRun' | 'whyIdle'>;
  readonly runs: RunRepository;
  /**
   * Starts one run for each source. The same idempotency key gives the same runs again, started once; without a key, a
   * call gets the run that is already at work on the same. All of this holds across the processes on one store.
   *
   * @throws UtmqlError BAD_USER_INPUT for an unknown source, a reversed range, or a key that was used for another call
   */
  trigger(input: TriggerInput, caller: TriggerCaller): Promise<readonly IngestRun[]>;
  /**
   * Ends a run, whichever process works on it or though it is held, and gives its state; one that has ended stays as it is.
   *
   * @throws UtmqlError NOT_FOUND
   */
  cancel(id: string, caller: Requester): Promise<IngestRun>;
  /**
   * Writes what a run had read that is held because it would take a lot away, under its own id; days that newer runs have read
   * stay as those left them. One that has been approved stays as it is.
   *
   * @throws UtmqlError NOT_FOUND; CONFLICT when the run has ended otherwise; BAD_USER_INPUT when what it read is not kept
   */
  approve(id: string, wait: boolean, caller: Requester): Promise<IngestRun>;
  /**
   * Reads again what a run had read, by today's rules, as a new run. Days that newer runs have read stay as those left
   * them; so any runs can be replayed in any order.
   *
   * @throws UtmqlError NOT_FOUND; CONFLICT when the run did not end well; BAD_USER_INPUT when its source is gone
   */
  replay(id: string, wait: boolean, caller: Requester): Promise<IngestRun>;
  /**
   * The run's states, from the present one to the last.
   *
   * @throws UtmqlError NOT_FOUND
   */
  follow(id: string, caller: Requester, signal: AbortSignal): Promise<AsyncIterable<IngestRun>>;
  /** Takes up the runs that nobody works on any more: of this process's predecessor, and of others that are gone. */
  resume(): Promise<void>;
  /** Resolves when the background work after runs (merging days) is done. */
  idle(): Promise<void>;
  /** Ends what is at work, in a state that the next call completes. */
  stop(): Promise<void>;
}

export interface IngestOptions extends WorksOptions {
  readonly schedules: Ingest['schedules'];
  readonly runs: RunRepository;
  readonly executions: Executions;
  readonly leases: Leases;
  readonly cancellations: RunCancellations;
  /** The work of runs that are of no configured source, by the name that stands in its place. */
  readonly otherWorks: ReadonlyMap<string, Work>;
}

export function createIngest(options: IngestOptions): Ingest {
  const { sources, runs, executions, leases, cancellations, clock, logger, landing } = options;
  const { owner } = leases;
  const starting = new Set<Promise<unknown>>();
  const stopping = new AbortController();

  const sourceOf = ({ workspace, source: name }: IngestRun): Source | undefined =>
    sources().find((source) => source.workspace === workspace && source.name === name);

  /** What a run is of and what it has read. */
  const landedOf = (run: IngestRun): { source: Source; landing: RawLanding } => {
    const source = sourceNamed(sources(), run.workspace, run.source);
    if (landing === undefined) {
      throw badInput('What runs read is not kept: RAW_RETENTION_DAYS is 0. Trigger the source again.');
    }
    if (source === undefined) {
      throw badInput(`id: run ${run.id} is of ${run.source}, which is no configured source.`);
    }
    return { source, landing };
  };

  const works = createWorks(options);
  const follower = createRunFollower({ runs, executions, stopping: stopping.signal });
  const triggers = createTriggers({ sources, runs, executions, leases, clock, works });
  const heldRuns = createHeldRuns({ runs, executions, leases, clock, works, follower, landedOf });

  const refuseWhileStopping = (): void => {
    if (!stopping.signal.aborted) return;
    throw new UtmqlError('STORE_UNAVAILABLE', 'The server is shutting down; call again shortly.', {
      retryable: true,
    });
  };

  /** Undefined where the source of the run is no longer configured. */
  const workOf = async (run: IngestRun): Promise<Work | undefined> => {
    const source = sourceOf(run);
    if (source === undefined) return options.otherWorks.get(run.source);
    const original = run.replayOf === '' ? undefined : await runs.find(run.workspace, run.replayOf);
    return original === undefined || landing === undefined
      ? works.pullOf(source)
      : works.replayOf(original, source, landing);
  };

  const resumeRun = async (run: IngestRun): Promise<void> => {
    const work = await workOf(run);
    const ending = interruptedEnding(run, work !== undefined);
    if (ending !== undefined || work === undefined) {
      await runs.save({ ...run, ...ending, finishedAt: clock.now() });
      return;
    }
    const again = begunAgain(run, owner);
    logger.warn(
      { runId: run.id, source: run.source, attempt: again.attempt },
      'found a run that a crash had interrupted',
    );
    await executions.start(again, work);
  };

  const orphans = createOrphans({ runs, leases, executions, begin: resumeRun, logger });

  return {
    get sources() {
      return sources();
    },
    schedules: options.schedules,
    runs,
    async trigger(input, caller) {
      refuseWhileStopping();
      const start = triggers.start(input, caller);
      starting.add(start);
      const started = await start.finally(() => starting.delete(start));
      return Promise.all(started.map((run) => follower.present(run, input.wait)));
    },
    async cancel(id, caller) {
      const run = await follower.find(id, caller);
      if (run.status === 'held') return heldRuns.drop(id, caller);
      if (isFinished(run)) return run;
      if (executions.finished(id) === undefined) await cancellations.request(run, caller.name);
      executions.cancel(id, new UtmqlError('CANCELLED', `The run was cancelled by ${caller.name}.`));
      const { signal, unlink } = linkSignals([stopping.signal, AbortSignal.timeout(cancelWithinMs)]);
      return follower.ended(run, signal).finally(unlink);
    },
    async approve(id, wait, caller) {
      refuseWhileStopping();
      return follower.present(await heldRuns.approve(id, caller), wait);
    },
    async replay(id, wait, caller) {
      refuseWhileStopping();
      const original = await follower.find(id, caller);
      const { source, landing: landed } = landedOf(original);
      refuseUnread(original);
      const run = newRun({
        id: uuidv7(),
        workspace: caller.workspace,
        triggerId: uuidv7(),
        source: source.name,
        mode: original.mode,
        replayOf: original.id,
        requestedBy: caller.name,
        requestId: caller.requestId,
        owner,
        since: original.since,
        until: original.until,
        createdAt: clock.now(),
      });
      await executions.start(run, works.replayOf(original, source, landed));
      return follower.present(run, wait);
    },
    follow: (id, caller, signal) => follower.follow(id, caller, signal),
    resume: () => orphans.start(),
    idle: () => options.merger.idle(),
    async stop() {
      stopping.abort();
      await Promise.allSettled([orphans.stop(), ...starting]);
      await executions.stop();
      await options.merger.stop();
    },
  };
}

/** @throws UtmqlError BAD_USER_INPUT for a replay; CONFLICT for a run that has not read its source to the end */
function refuseUnread(run: IngestRun): void {
  if (run.replayOf !== '') throw badInput(`id: run ${run.id} is a replay itself; replay ${run.replayOf}.`);
  if (endedWell(run) || (run.status === 'partial' && run.mode === 'upsert')) return;
  throw new UtmqlError(
    'CONFLICT',
    `Run ${run.id} has not read its source to the end (${run.status}), so it cannot be replayed; trigger the source instead.`,
  );
}
