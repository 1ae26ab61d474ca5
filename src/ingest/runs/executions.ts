import { EventEmitter, on } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Mutex, type MutexInterface, Semaphore } from 'async-mutex';
import type { Lease, Leases } from '../../clickhouse/leases/leases.ts';
import { toUtmqlError, UtmqlError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import { sinkSource } from '../../records/names.ts';
import { type Clock, untilAborted } from '../../time.ts';
import type { Tracer } from '../../tracer.ts';
import { type IngestRun, isFinished } from './run.ts';
import type { RunCancellations } from './run-cancellations.ts';
import type { RunRepository } from './run-table.ts';
import type { Versions } from './versions.ts';

/** Runs at work at a time; others wait as `queued`. Exports have as many turns of their own: a sink that is down holds up no source. */
const maxActiveRuns = 4;
/** How often the row of a running run is renewed; whoever follows it here hears more often. */
const saveEveryMs = 2_000;
/** How soon the last state of a run is stored again where the store did not take it. */
const saveAgainMs = 1_000;
/** How often requests of other processes to cancel runs are looked for. */
const cancellationsEveryMs = 1_000;

/** Does a run's work; never throws. `report` takes its state while it goes on; `lease` is held as long as it may write. */
export type Work = (
  run: IngestRun,
  signal: AbortSignal,
  report: (run: IngestRun) => void,
  lease: Lease,
) => Promise<IngestRun>;

/**
 * The runs that this process works on, or will. Of all processes, one at a time works on runs of a source: it holds the
 * source's lease. When that is lost, the run stops as it is, and whoever finds its row begins it again.
 */
export interface Executions {
  /**
   * Stores the run's row and takes it up: at most one run of a source at a time, and four in this process.
   *
   * @throws UtmqlError when the row cannot be stored: whoever started the run will ask for it by its id
   */
  start(run: IngestRun, work: Work): Promise<IngestRun>;
  /** The newest state of a run of this process; undefined when it has ended or is another process's. */
  current(id: string): IngestRun | undefined;
  /** A run at work, waiting or just being started, that `matches`. */
  find(matches: (run: IngestRun) => boolean): Promise<IngestRun> | undefined;
  /** Whether this process deals with the run, be it that only its last state is still to be stored. */
  isHere(id: string): boolean;
  /** Resolves with the ended run; or, where this process has lost it to another, with its last state here. */
  finished(id: string): Promise<IngestRun> | undefined;
  /** Ends a run, at work or waiting. */
  cancel(id: string, reason: UtmqlError): void;
  /** States of a run of this process from this call on, until it ends or is lost; undefined when there is none such. */
  states(id: string, signal: AbortSignal): AsyncIterable<IngestRun> | undefined;
  /** Ends all; they are in a state that the next call completes. */
  stop(): Promise<void>;
}

interface RunExecution {
  run: IngestRun;
  readonly controller: AbortController;
  readonly done: Promise<IngestRun>;
}

export function createExecutions(options: {
  runs: RunRepository;
  leases: Leases;
  cancellations: RunCancellations;
  clock: Clock;
  versions: Versions;
  logger: Logger;
  tracer: Tracer;
  onFinished: (run: IngestRun) => void;
}): Executions {
  const { runs, leases, cancellations, clock, versions, logger, tracer } = options;
  const atWork = new Map<string, RunExecution>();
  /** Runs whose rows are being stored. */
  const beginning = new Map<IngestRun, Promise<IngestRun>>();
  const slots = new Semaphore(maxActiveRuns);
  const exportSlots = new Semaphore(maxActiveRuns);
  const sourceLocks = new Map<string, MutexInterface>();
  const events = new EventEmitter().setMaxListeners(0);
  const stopping = new AbortController();
  /** Last states that are not stored yet. */
  const unsaved = new Map<string, Promise<void>>();
  let lastStart = 0;

  const lockOf = (run: IngestRun): MutexInterface => {
    const key = JSON.stringify([run.workspace, run.source]);
    const lock = sourceLocks.get(key) ?? new Mutex();
    sourceLocks.set(key, lock);
    return lock;
  };

  /** True when it is stored. */
  const save = async (run: IngestRun, how: 'save' | 'saveProgress' = 'save'): Promise<boolean> => {
    try {
      await runs[how](run);
      return true;
    } catch (error) {
      logger.error(
        { err: error, runId: run.id, status: run.status },
        'the state of a run could not be stored',
      );
      return false;
    }
  };

  /** A run has often ended because the store is away; without this the table would call it `running` until the next start. */
  const saveLater = async (run: IngestRun): Promise<void> => {
    let stored = false;
    while (!stored && !stopping.signal.aborted) {
      await delay(saveAgainMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      stored = await runs.save(run).then(
        () => true,
        () => false,
      );
    }
  };

  const keepSaving = (run: IngestRun): void => {
    unsaved.set(
      run.id,
      saveLater(run).finally(() => unsaved.delete(run.id)),
    );
  };

  const note = (run: IngestRun): void => {
    const execution = atWork.get(run.id);
    if (execution) execution.run = run;
    events.emit(run.id, run);
  };

  const workOn = async (
    queued: IngestRun,
    work: Work,
    signal: AbortSignal,
    lease: Lease,
  ): Promise<IngestRun> => {
    // Each run has a start of its own: the later run's rows win over the earlier one's, whose clock may have been ahead.
    const before = (await runs.lastStart(queued.workspace, queued.source)) ?? 0;
    lastStart = Math.max(lastStart + 1, before + 1, versions.now());
    versions.raise(lastStart);
    const running: IngestRun = { ...queued, status: 'running', startedAt: lastStart };
    note(running);
    let savedAt = performance.now();
    let saving: Promise<unknown> = save(running);
    const report = (state: IngestRun): void => {
      note(state);
      if (performance.now() - savedAt < saveEveryMs || !lease.isHeld()) return;
      savedAt = performance.now();
      saving = saving.then(() => save(state, 'saveProgress'));
    };
    const { source, mode, dryRun } = running;
    const attributes = { 'ingest.source': source, 'ingest.mode': mode, 'ingest.dry_run': dryRun };
    const ended = await tracer.span({ name: 'ingest run', kind: 'internal', attributes }, async (span) => {
      const state = await work(running, AbortSignal.any([signal, lease.lost]), report, lease);
      span.set({ 'ingest.status': state.status, 'ingest.records_read': state.recordsRead });
      if (state.errorCode !== '') span.fail(state.errorCode);
      return state;
    });
    await saving;
    if (!lease.isHeld()) throw new LostRun();
    return ended;
  };

  /** Takes turns; a run that is cancelled while it waits ends at once. */
  const inTurn = async (
    queued: IngestRun,
    work: Work,
    signal: AbortSignal,
    end: (ended: IngestRun) => Promise<void>,
  ): Promise<IngestRun> => {
    const releases: (() => unknown)[] = [];
    const acquire = async (gate: { acquire(): Promise<unknown> }, release: () => void): Promise<void> => {
      const turn = gate.acquire().then(() => {
        if (signal.aborted) release();
        else releases.push(release);
      });
      await untilAborted(turn, signal);
    };
    try {
      const lock = lockOf(queued);
      await acquire(lock, () => lock.release());
      const lease = await leases.acquire(leaseOf(queued), signal);
      releases.push(() => lease.release());
      await refuseIfTaken(queued);
      const turns = queued.source === sinkSource ? exportSlots : slots;
      await acquire(turns, () => turns.release());
      signal.throwIfAborted();
      const ended = await workOn(queued, work, signal, lease);
      // Under the lease: the next process that has it finds the run ended.
      await end(ended);
      return ended;
    } catch (error) {
      if (error instanceof LostRun) throw error;
      const ended = signal.aborted
        ? asCancelled(queued, signal, clock.now())
        : notBegun(
            queued,
            toUtmqlError(error, 'A step of it failed for a reason that has been logged.'),
            clock.now(),
          );
      if (!signal.aborted) logger.error({ err: error, runId: queued.id }, 'a run could not begin');
      await end(ended);
      return ended;
    } finally {
      for (const release of releases.reverse()) await release();
    }
  };

  /** This process may have been silent for so long that another has taken the run up. */
  const refuseIfTaken = async (queued: IngestRun): Promise<void> => {
    const stored = await runs.find(queued.workspace, queued.id);
    if (stored === undefined) return;
    if (stored.owner !== queued.owner || stored.attempt !== queued.attempt || isFinished(stored))
      throw new LostRun();
  };

  const execute = async (queued: IngestRun, work: Work, signal: AbortSignal): Promise<IngestRun> => {
    try {
      return await inTurn(queued, work, signal, async (ended) => {
        if (!(await save(ended))) keepSaving(ended);
        options.onFinished(ended);
      });
    } catch (error) {
      if (!(error instanceof LostRun)) throw error;
      logger.warn({ runId: queued.id, source: queued.source }, 'a run was lost; it is begun again');
      return atWork.get(queued.id)?.run ?? queued;
    }
  };

  const cancel = (id: string, reason: UtmqlError): void => atWork.get(id)?.controller.abort(reason);

  /** As long as there are runs, looks whether somebody has asked another process to cancel one. */
  const heedCancellations = async (): Promise<void> => {
    while (atWork.size > 0 && !stopping.signal.aborted) {
      await delay(cancellationsEveryMs, undefined, { signal: stopping.signal, ref: false }).catch(
        () => undefined,
      );
      const requested = await cancellations
        .requested([...atWork.keys()])
        .catch(() => new Map<string, string>());
      for (const [id, name] of requested)
        cancel(id, new UtmqlError('CANCELLED', `The run was cancelled by ${name}.`));
    }
  };
  let heeding: Promise<void> | undefined;
  const startHeeding = (): void => {
    heeding ??= heedCancellations().finally(() => {
      heeding = undefined;
      if (atWork.size > 0 && !stopping.signal.aborted) startHeeding();
    });
  };

  const takeUp = async (run: IngestRun, work: Work): Promise<IngestRun> => {
    try {
      await runs.save(run);
    } catch (error) {
      // The row may be there all the same, its answer lost: nobody would ever work on it. It gives up its key, so that the
      // same call again begins a run.
      const ended = notBegun(run, toUtmqlError(error, 'The run could not be stored.'), clock.now());
      keepSaving({ ...ended, idempotencyKey: '' });
      throw error;
    }
    const controller = new AbortController();
    const done = execute(run, work, controller.signal).finally(() => atWork.delete(run.id));
    atWork.set(run.id, { run, controller, done });
    startHeeding();
    done
      .then((ended) => events.emit(run.id, ended))
      // The work does not throw but for a bug, which must not end the program.
      .catch((error: unknown) => logger.error({ err: error, runId: run.id }, 'a run ended unexpectedly'));
    return run;
  };

  return {
    async start(run, work) {
      const starting = takeUp(run, work);
      beginning.set(run, starting);
      try {
        return await starting;
      } finally {
        beginning.delete(run);
      }
    },
    current: (id) => atWork.get(id)?.run,
    find(matches) {
      for (const [run, starting] of beginning) if (matches(run)) return starting;
      const execution = [...atWork.values()].find(({ run }) => matches(run));
      return execution === undefined ? undefined : Promise.resolve(execution.run);
    },
    isHere: (id) => atWork.has(id) || unsaved.has(id) || [...beginning.keys()].some((run) => run.id === id),
    finished: (id) => atWork.get(id)?.done,
    cancel,
    states(id, signal) {
      if (!atWork.has(id)) return undefined;
      const states = on(events, id, { signal }) as AsyncIterable<[IngestRun]>;
      return untilOver(states, () => !atWork.has(id));
    },
    async stop() {
      const reason = new UtmqlError('CANCELLED', 'The server was shut down.');
      for (const { controller } of atWork.values()) controller.abort(reason);
      await Promise.allSettled([...atWork.values()].map(({ done }) => done));
      stopping.abort();
      await Promise.allSettled([heeding, ...unsaved.values()]);
    },
  };
}

/** This process may not work on the run any more, and its state is not this one's to tell. */
class LostRun extends Error {}

const leaseOf = (run: IngestRun): string => `run:${JSON.stringify([run.workspace, run.source])}`;

async function* untilOver(
  states: AsyncIterable<[IngestRun]>,
  isLost: () => boolean,
): AsyncGenerator<IngestRun> {
  for await (const [state] of states) {
    yield state;
    if (isFinished(state) || isLost()) return;
  }
}

const asCancelled = (run: IngestRun, signal: AbortSignal, now: number): IngestRun => ({
  ...run,
  status: 'cancelled',
  finishedAt: now,
  errorCode: 'CANCELLED',
  errorMessage: signal.reason instanceof UtmqlError ? signal.reason.message : 'The run was cancelled.',
});

const notBegun = (run: IngestRun, error: UtmqlError, now: number): IngestRun => ({
  ...run,
  status: 'failed',
  finishedAt: now,
  errorCode: error.code,
  errorMessage: `The run was not begun: ${error.message} Nothing was changed.`,
});
