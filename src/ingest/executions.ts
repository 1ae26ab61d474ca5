import { EventEmitter, on } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Mutex, type MutexInterface, Semaphore } from 'async-mutex';
import type { Clock } from '../clock.ts';
import { toUtmqlError, UtmqlError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Tracer } from '../telemetry/tracer.ts';
import { untilAborted } from './http/cancellation.ts';
import { type IngestRun, isFinished } from './run.ts';
import type { RunRepository } from './run-repository.ts';

/** Runs at work at a time; others wait as `queued`. */
const maxActiveRuns = 4;
/** How often the row of a running run is renewed; whoever follows it here hears more often. */
const saveEveryMs = 2_000;
/** How soon the last state of a run is stored again where the store did not take it. */
const saveAgainMs = 1_000;

/** Does a run's work; never throws. `report` takes its state while it goes on. */
export type Work = (
  run: IngestRun,
  signal: AbortSignal,
  report: (run: IngestRun) => void,
) => Promise<IngestRun>;

/** The runs that this process works on, or will. */
export interface Executions {
  /**
   * Stores the run's row and takes it up: at most one run of a source at a time, four in all.
   *
   * @throws UtmqlError when the row cannot be stored: whoever started the run will ask for it by its id
   */
  start(run: IngestRun, work: Work): Promise<IngestRun>;
  /** The newest state of a run of this process; undefined when it has ended or is another process's. */
  current(id: string): IngestRun | undefined;
  /** A run at work, waiting or just being started, that `matches`. */
  find(matches: (run: IngestRun) => boolean): Promise<IngestRun> | undefined;
  /** Resolves with the ended run. */
  finished(id: string): Promise<IngestRun> | undefined;
  /** Ends a run, at work or waiting. */
  cancel(id: string, reason: UtmqlError): void;
  /** States of a run of this process from this call on, until it ends; undefined when there is none such. */
  states(id: string, signal: AbortSignal): AsyncIterable<IngestRun> | undefined;
  /** Ends all; they are in a state that the next call completes. */
  stop(): Promise<void>;
}

interface Execution {
  run: IngestRun;
  readonly controller: AbortController;
  readonly done: Promise<IngestRun>;
}

export function createExecutions(options: {
  runs: RunRepository;
  clock: Clock;
  logger: Logger;
  tracer: Tracer;
  onFinished: (run: IngestRun) => void;
}): Executions {
  const { runs, clock, logger, tracer } = options;
  const atWork = new Map<string, Execution>();
  /** Runs whose rows are being stored. */
  const beginning = new Map<IngestRun, Promise<IngestRun>>();
  const slots = new Semaphore(maxActiveRuns);
  const sourceLocks = new Map<string, MutexInterface>();
  const events = new EventEmitter().setMaxListeners(0);
  const stopping = new AbortController();
  /** Last states that are not stored yet. */
  const unsaved = new Set<Promise<void>>();
  let lastStart = 0;

  const lockOf = (run: IngestRun): MutexInterface => {
    const key = JSON.stringify([run.workspace, run.source]);
    const lock = sourceLocks.get(key) ?? new Mutex();
    sourceLocks.set(key, lock);
    return lock;
  };

  /** True when it is stored. */
  const save = async (run: IngestRun): Promise<boolean> => {
    try {
      await runs.save(run);
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
    const saving = saveLater(run).finally(() => unsaved.delete(saving));
    unsaved.add(saving);
  };

  const note = (run: IngestRun): void => {
    const execution = atWork.get(run.id);
    if (execution) execution.run = run;
    events.emit(run.id, run);
  };

  const workOn = async (queued: IngestRun, work: Work, signal: AbortSignal): Promise<IngestRun> => {
    // Each run has a start of its own: the later run's rows win over the earlier one's.
    lastStart = Math.max(lastStart + 1, clock.now());
    const running: IngestRun = { ...queued, status: 'running', startedAt: lastStart };
    note(running);
    let savedAt = performance.now();
    let saving: Promise<unknown> = save(running);
    const report = (state: IngestRun): void => {
      note(state);
      if (performance.now() - savedAt < saveEveryMs) return;
      savedAt = performance.now();
      saving = saving.then(() => save(state));
    };
    const { source, mode, dryRun } = running;
    const attributes = { 'ingest.source': source, 'ingest.mode': mode, 'ingest.dry_run': dryRun };
    const ended = await tracer.span({ name: 'ingest run', kind: 'internal', attributes }, async (span) => {
      const state = await work(running, signal, report);
      span.set({ 'ingest.status': state.status, 'ingest.records_read': state.recordsRead });
      if (state.errorCode !== '') span.fail(state.errorCode);
      return state;
    });
    await saving;
    return ended;
  };

  /** Takes turns; a run that is cancelled while it waits ends at once. */
  const inTurn = async (queued: IngestRun, work: Work, signal: AbortSignal): Promise<IngestRun> => {
    const releases: (() => void)[] = [];
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
      await acquire(slots, () => slots.release());
      signal.throwIfAborted();
      return await workOn(queued, work, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      return asCancelled(queued, signal, clock.now());
    } finally {
      for (const release of releases.reverse()) release();
    }
  };

  const execute = async (queued: IngestRun, work: Work, signal: AbortSignal): Promise<IngestRun> => {
    const ended = await inTurn(queued, work, signal);
    if (!(await save(ended))) keepSaving(ended);
    options.onFinished(ended);
    return ended;
  };

  const takeUp = async (run: IngestRun, work: Work): Promise<IngestRun> => {
    try {
      await runs.save(run);
    } catch (error) {
      // The row may be there all the same, its answer lost: nobody would ever work on it.
      keepSaving(notBegun(run, toUtmqlError(error, 'The run could not be stored.'), clock.now()));
      throw error;
    }
    const controller = new AbortController();
    const done = execute(run, work, controller.signal).finally(() => atWork.delete(run.id));
    atWork.set(run.id, { run, controller, done });
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
    finished: (id) => atWork.get(id)?.done,
    cancel: (id, reason) => atWork.get(id)?.controller.abort(reason),
    states(id, signal) {
      if (!atWork.has(id)) return undefined;
      return untilFinished(on(events, id, { signal }) as AsyncIterable<[IngestRun]>);
    },
    async stop() {
      const reason = new UtmqlError('CANCELLED', 'The server was shut down.');
      for (const { controller } of atWork.values()) controller.abort(reason);
      await Promise.allSettled([...atWork.values()].map(({ done }) => done));
      stopping.abort();
      await Promise.allSettled(unsaved);
    },
  };
}

async function* untilFinished(states: AsyncIterable<[IngestRun]>): AsyncGenerator<IngestRun> {
  for await (const [state] of states) {
    yield state;
    if (isFinished(state)) return;
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
