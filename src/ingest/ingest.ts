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
import { endedWell, type IngestRun, isFinished, newRun } from './run.ts';
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
        isGuarded: run.guard && source.feed.isGuarded,
        signal,
        lease,
        report,
      });
      return endedWell(ended)
        ? { ...ended, watermark: watermarkAfter(ended, before, options.today()) }
        : ended;
    };

  const replayOf =
    (original: IngestRun, source: Source, landing: RawLanding, isGuarded = source.feed.isGuarded): Work =>
    async (run, signal, report, lease) => {
      const readAt = original.startedAt ?? original.createdAt;
      const replaces = run.mode === 'replace';
      return pull(options, source, run, {
        pages: landing.pages(original),
        landing: undefined,
        // With `replace`, a day belongs to the newest run that read it. With `upsert`, each record to its newest state.
        skipDays: replaces ? await runs.daysReadSince(run.workspace, source.name, readAt) : new Set<Day>(),
        version: replaces ? (run.startedAt ?? run.createdAt) * 1_000 : readAt * 1_000,
        isGuarded,
        signal,
        lease,
        report,
      });
    };

  /** What a run had read before it was held, written whatever it takes away. */
  const approved =
    (held: IngestRun, original: IngestRun, source: Source, landing: RawLanding): Work =>
    async (run, signal, report, lease) => {
      const before = await runs.watermark(run.workspace, source.name).catch(() => undefined);
      const read = { ...original, startedAt: held.startedAt };
      const ended = await replayOf(read, source, landing, false)(run, signal, report, lease);
      return endedWell(ended)
        ? { ...ended, watermark: watermarkAfter(ended, before, options.today()) }
        : ended;
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
        guard: input.guard,
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

  /** What a run is of and what it has read. */
  const kept = ({ id, workspace, source: name }: IngestRun): { source: Source; landing: RawLanding } => {
    const source = sourceOf(workspace, name);
    const { landing } = options;
    if (landing === undefined) {
      throw badInput('What runs read is not kept: RAW_RETENTION_DAYS is 0. Trigger the source again.');
    }
    if (source === undefined) throw badInput(`id: run ${id} is of ${name}, which is no configured source.`);
    return { source, landing };
  };

  const decisions = ({ workspace }: Requester): string => `trigger:${workspace}`;
  /** Under the lease of decisions: of approving and dropping a run, one comes first. */
  const dropHeld = async (id: string, caller: Requester): Promise<IngestRun> => {
    const run = await find(id, caller);
    if (run.status !== 'held') return run;
    const ended: IngestRun = {
      ...run,
      status: 'cancelled',
      errorCode: 'CANCELLED',
      errorMessage: `The run was held, and ${caller.name} dropped it. Nothing was changed.`,
      finishedAt: clock.now(),
    };
    await runs.save(ended);
    return ended;
  };

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
      if (run.status === 'held') return leases.runExclusive(decisions(caller), () => dropHeld(id, caller));
      if (isFinished(run)) return run;
      if (executions.finished(id) === undefined) await cancellations.request(run, caller.name);
      executions.cancel(id, new UtmqlError('CANCELLED', `The run was cancelled by ${caller.name}.`));
      return ended(run, AbortSignal.any([stopping.signal, AbortSignal.timeout(cancelWithinMs)]));
    },
    async approve(id, wait, caller) {
      refuseWhileStopping();
      const run = await leases.runExclusive(decisions(caller), async () => {
        const held = await find(id, caller);
        if (held.status !== 'held') return held;
        const { source, landing } = kept(held);
        const original = held.replayOf === '' ? held : await find(held.replayOf, caller);
        const again = begunAgain(held, owner);
        return executions.start(
          // What it has read is kept under the attempt that read it.
          { ...again, attempt: held.attempt, overlapFrom: held.overlapFrom },
          approved(held, original, source, landing),
        );
      });
      if (run.status === 'failed' || run.status === 'cancelled') {
        throw new UtmqlError(
          'CONFLICT',
          `Run ${id} is not held (${run.status}); trigger the source instead.`,
        );
      }
      return present(run, wait);
    },
    async replay(id, wait, caller) {
      refuseWhileStopping();
      const original = await find(id, caller);
      const { source, landing } = kept(original);
      if (original.replayOf !== '')
        throw badInput(`id: run ${id} is a replay itself; replay ${original.replayOf}.`);
      if (!endedWell(original) && !(original.status === 'partial' && original.mode === 'upsert')) {
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
