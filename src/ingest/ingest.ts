import { setTimeout as delay } from 'node:timers/promises';
import { uuidv7 } from 'uuidv7';
import type { Requester } from '../access/caller.ts';
import { badInput, UtmqlError } from '../errors.ts';
import type { Leases } from '../leases/leases.ts';
import type { Logger } from '../logger.ts';
import type { Day } from '../records/day.ts';
import type { Executions, Work } from './executions.ts';
import type { DayMerger } from './merge-days.ts';
import { createOrphans } from './orphans.ts';
import { type PullDeps, pull } from './pull.ts';
import type { RawLanding } from './raw-landing.ts';
import { begunAgain, endingOf } from './resume.ts';
import { type IngestRun, isFinished, newRun } from './run.ts';
import type { RunCancellations } from './run-cancellations.ts';
import type { RunRepository } from './run-repository.ts';
import type { Source } from './sources/source.ts';
import { chooseSources, isSame, refuseOtherCall, type TriggerInput } from './trigger-input.ts';
import { overlapFrom, watermarkAfter } from './watermark.ts';

/** How often a run of another process is looked up for whoever follows it. */
const pollEveryMs = 1_000;
/** How long another process may take to end a run that is cancelled: it looks every second. */
const cancelWithinMs = 10_000;

/** Pulls records from the configured sources. */
export interface Ingest {
  readonly sources: readonly Source[];
  readonly runs: RunRepository;
  /**
   * Starts one run for each source. The same idempotency key gives the same runs again, started once; without a key, a
   * call gets the run that is already at work on the same. All of this holds across the processes on one store.
   *
   * @throws UtmqlError BAD_USER_INPUT for an unknown source, a reversed range, or a key that was used for another call
   */
  trigger(input: TriggerInput, caller: Requester): Promise<readonly IngestRun[]>;
  /**
   * Ends a run, whichever process works on it, and gives its state; one that has ended stays as it is.
   *
   * @throws UtmqlError NOT_FOUND
   */
  cancel(id: string, caller: Requester): Promise<IngestRun>;
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

export interface IngestOptions extends PullDeps {
  /** As they are now. */
  readonly sources: () => readonly Source[];
  readonly runs: RunRepository;
  readonly executions: Executions;
  readonly leases: Leases;
  readonly cancellations: RunCancellations;
  readonly merger: DayMerger;
  /** Undefined: nothing is kept for replays. */
  readonly landing: RawLanding | undefined;
  readonly logger: Logger;
  readonly today: () => Day;
}

export function createIngest(options: IngestOptions): Ingest {
  const { sources, runs, executions, leases, cancellations, clock, logger } = options;
  const { owner } = leases;
  const triggers = new Set<Promise<unknown>>();
  const stopping = new AbortController();

  const pullFrom =
    (source: Source): Work =>
    async (run, signal, report, lease) => {
      const before = await runs.watermark(run.workspace, source.name).catch(() => undefined);
      const overlap =
        run.since === undefined && source.isIncremental
          ? overlapFrom(before, source.restatesDays)
          : undefined;
      // Of days before the watermark it says nothing.
      const isAfterEnd = overlap !== undefined && run.until !== undefined && overlap > run.until;
      const asked: IngestRun = { ...run, overlapFrom: isAfterEnd ? undefined : overlap };
      const since = asked.since ?? asked.overlapFrom;
      const pages = source.pages({
        ...(since === undefined ? {} : { since }),
        ...(asked.until === undefined ? {} : { until: asked.until }),
        signal,
        logger: logger.child({ runId: run.id }),
        requestId: run.requestId,
      });
      const ended = await pull(options, source, asked, {
        pages,
        landing: run.dryRun ? undefined : options.landing,
        skipDays: new Set(),
        version: (run.startedAt ?? run.createdAt) * 1_000,
        signal,
        lease,
        report,
      });
      if (ended.status !== 'succeeded') return ended;
      return { ...ended, watermark: watermarkAfter(ended, before, options.today()) };
    };

  const replayOf =
    (original: IngestRun, source: Source, landing: RawLanding): Work =>
    async (run, signal, report, lease) => {
      const readAt = original.startedAt ?? original.createdAt;
      const replaces = run.mode === 'replace';
      return pull(options, source, run, {
        pages: landing.pages(original),
        landing: undefined,
        // With `replace`, a day belongs to the newest run that read it. With `upsert`, each record to its newest state.
        skipDays: replaces ? await runs.daysReadSince(run.workspace, source.name, readAt) : new Set<Day>(),
        version: replaces ? (run.startedAt ?? run.createdAt) * 1_000 : readAt * 1_000,
        signal,
        lease,
        report,
      });
    };

  /** @param triggerId of the call, which may have been made before */
  const start = async (
    chosen: readonly Source[],
    input: TriggerInput,
    caller: Requester,
    triggerId: string,
  ): Promise<readonly IngestRun[]> => {
    const started: IngestRun[] = [];
    const elsewhere =
      input.idempotencyKey === undefined
        ? (await runs.unfinished()).filter((run) => run.owner !== owner)
        : [];
    for (const source of chosen) {
      const mode = input.mode ?? source.defaultMode;
      const matches = (run: IngestRun): boolean => isSame(run, source, mode, input);
      const same =
        input.idempotencyKey === undefined
          ? (executions.find(matches) ?? elsewhere.find(matches))
          : undefined;
      if (same !== undefined) {
        started.push(await same);
        continue;
      }
      const run = newRun({
        id: uuidv7(),
        workspace: caller.workspace,
        triggerId,
        idempotencyKey: input.idempotencyKey ?? '',
        source: source.name,
        mode,
        dryRun: input.dryRun,
        requestedBy: caller.name,
        requestId: caller.requestId,
        owner,
        since: input.since,
        until: input.until,
        createdAt: clock.now(),
      });
      started.push(await executions.start(run, pullFrom(source)));
    }
    return started;
  };

  const startOnce = async (input: TriggerInput, caller: Requester): Promise<readonly IngestRun[]> => {
    const { idempotencyKey: key } = input;
    const startNew = async (): Promise<readonly IngestRun[]> => {
      const chosen = chooseSources(sources(), input, caller.workspace);
      const earlier = key === undefined ? [] : await runs.findByIdempotencyKey(caller.workspace, key);
      refuseOtherCall(earlier, input, chosen);
      // A call that broke off has started some only: its repeat completes it.
      const left = chosen.filter(({ name }) => !earlier.some((run) => run.source === name));
      const started = await start(left, input, caller, earlier[0]?.triggerId ?? uuidv7());
      return [...earlier, ...started];
    };
    // Wrong calls need no turn.
    chooseSources(sources(), input, caller.workspace);
    return leases.runExclusive(`trigger:${caller.workspace}`, startNew);
  };

  const find = async (id: string, caller: Requester): Promise<IngestRun> => {
    const here = executions.current(id);
    const run = here?.workspace === caller.workspace ? here : await runs.find(caller.workspace, id);
    if (run === undefined) throw new UtmqlError('NOT_FOUND', `id: there is no run ${id}.`);
    return run;
  };

  /** States of a run of another process, by asking the table. */
  async function* polled(run: IngestRun, caller: Requester, leaving: AbortSignal): AsyncGenerator<IngestRun> {
    const signal = AbortSignal.any([leaving, stopping.signal]);
    for (let last = run; !isFinished(last); ) {
      await delay(pollEveryMs, undefined, { signal }).catch((error: unknown) => {
        if (!stopping.signal.aborted) throw error;
      });
      // Another process goes on with the run: whoever follows it here asks there.
      if (stopping.signal.aborted) return;
      last = await find(run.id, caller);
      yield last;
    }
  }

  const present = async (run: IngestRun, wait: boolean): Promise<IngestRun> => {
    if (wait) return ended(run, stopping.signal);
    const current = executions.current(run.id);
    if (current !== undefined) return current;
    return isFinished(run) ? run : ((await runs.find(run.workspace, run.id)) ?? run);
  };

  /** Waits for a run's end, wherever that comes about; its last state when `signal` aborts first. */
  const ended = async (run: IngestRun, signal: AbortSignal): Promise<IngestRun> => {
    let last = run;
    while (!isFinished(last)) {
      const here = executions.finished(run.id);
      if (here !== undefined) last = await here;
      else if (signal.aborted) return last;
      else {
        last = (await runs.find(run.workspace, run.id)) ?? last;
        if (!isFinished(last)) await delay(pollEveryMs / 4, undefined, { signal }).catch(() => undefined);
      }
    }
    return last;
  };

  const sourceOf = (workspace: string, name: string): Source | undefined =>
    sources().find((source) => source.workspace === workspace && source.name === name);

  const refuseWhileStopping = (): void => {
    if (!stopping.signal.aborted) return;
    throw new UtmqlError('STORE_UNAVAILABLE', 'The server is shutting down; call again shortly.', {
      retryable: true,
    });
  };

  const resumeRun = async (run: IngestRun): Promise<void> => {
    const source = sourceOf(run.workspace, run.source);
    const ending = endingOf(run, source !== undefined);
    if (ending !== undefined || source === undefined) {
      await runs.save({ ...run, ...ending, finishedAt: clock.now() });
      return;
    }
    const again = begunAgain(run, owner);
    logger.warn(
      { runId: run.id, source: run.source, attempt: again.attempt },
      'found a run that a crash had interrupted',
    );
    const original = run.replayOf === '' ? undefined : await runs.find(run.workspace, run.replayOf);
    const { landing } = options;
    await executions.start(
      again,
      original === undefined || landing === undefined
        ? pullFrom(source)
        : replayOf(original, source, landing),
    );
  };

  const orphans = createOrphans({ runs, leases, executions, begin: resumeRun, logger });

  return {
    get sources() {
      return sources();
    },
    runs,
    async trigger(input, caller) {
      refuseWhileStopping();
      const starting = startOnce(input, caller);
      triggers.add(starting);
      const started = await starting.finally(() => triggers.delete(starting));
      return Promise.all(started.map((run) => present(run, input.wait)));
    },
    async cancel(id, caller) {
      const run = await find(id, caller);
      if (isFinished(run)) return run;
      if (executions.finished(id) === undefined) await cancellations.request(run, caller.name);
      executions.cancel(id, new UtmqlError('CANCELLED', `The run was cancelled by ${caller.name}.`));
      return ended(run, AbortSignal.any([stopping.signal, AbortSignal.timeout(cancelWithinMs)]));
    },
    async replay(id, wait, caller) {
      refuseWhileStopping();
      const original = await find(id, caller);
      const source = sourceOf(caller.workspace, original.source);
      const { landing } = options;
      if (landing === undefined) throw badInput('Nothing is kept for replays: RAW_RETENTION_DAYS is 0.');
      if (source === undefined)
        throw badInput(`id: run ${id} is of ${original.source}, which is no configured source.`);
      if (original.replayOf !== '')
        throw badInput(`id: run ${id} is a replay itself; replay ${original.replayOf}.`);
      if (original.status !== 'succeeded' && !(original.status === 'partial' && original.mode === 'upsert')) {
        throw new UtmqlError(
          'CONFLICT',
          `Run ${id} has not read its source to the end (${original.status}), so it cannot be replayed; trigger the source instead.`,
        );
      }
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
      await executions.start(run, replayOf(original, source, landing));
      return present(run, wait);
    },
    async follow(id, caller, signal) {
      const states = executions.states(id, signal);
      const run = await find(id, caller);
      return statesFrom(run, states, (last) => polled(last, caller, signal));
    },
    resume: () => orphans.start(),
    idle: () => options.merger.idle(),
    async stop() {
      stopping.abort();
      await Promise.allSettled([orphans.stop(), ...triggers]);
      await executions.stop();
      await options.merger.stop();
    },
  };
}

/** @param polled goes on where the run is not this process's, or no longer */
async function* statesFrom(
  run: IngestRun,
  here: AsyncIterable<IngestRun> | undefined,
  polled: (last: IngestRun) => AsyncIterable<IngestRun>,
): AsyncGenerator<IngestRun> {
  yield run;
  let last = run;
  if (!isFinished(last) && here !== undefined) {
    for await (const state of here) {
      last = state;
      yield state;
    }
  }
  if (!isFinished(last)) yield* polled(last);
}
