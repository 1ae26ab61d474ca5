import { Mutex, Semaphore } from 'async-mutex';
import { uuidv7 } from 'uuidv7';
import type { Store } from '../clickhouse/store.ts';
import type { Clock } from '../clock.ts';
import { badInput, UtmqlError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Day } from '../records/day.ts';
import { createAttribution } from './attribution.ts';
import type { DataVersion } from './data-version.ts';
import { createDayMerger } from './merge-days.ts';
import { type PullDeps, pull, type Source } from './pull.ts';
import { type IngestMode, type IngestRun, isFinished } from './run.ts';
import { createRunRepository, type RunRepository } from './run-repository.ts';

/** Runs at work at a time; others wait as `queued`. */
const maxActiveRuns = 4;

export interface TriggerInput {
  /** Names of sources; all of the workspace's when undefined. */
  readonly sources: readonly string[] | undefined;
  readonly since: Day | undefined;
  readonly until: Day | undefined;
  readonly mode: IngestMode;
  /** Answer only when every run has finished. */
  readonly wait: boolean;
  readonly idempotencyKey: string | undefined;
}

export interface Caller {
  readonly workspace: string;
  readonly requestId: string;
  readonly name: string;
}

/** Pulls records from the configured sources. */
export interface Ingest {
  readonly sources: readonly Source[];
  readonly runs: RunRepository;
  /**
   * Starts one run for each source. The same idempotency key gives the same runs again, started once.
   *
   * @throws UtmqlError BAD_USER_INPUT for an unknown source, a reversed range, or a key that was used for another call
   */
  trigger(input: TriggerInput, caller: Caller): Promise<readonly IngestRun[]>;
  /** Resolves when the background work after runs (merging days) is done. */
  idle(): Promise<void>;
  /** Ends what is at work, in a state that the next call completes. */
  stop(): Promise<void>;
}

export function createIngest(options: {
  store: Store;
  sources: readonly Source[];
  clock: Clock;
  logger: Logger;
  attributionWindowDays: number;
  retentionDays: number;
  batchBytes: number;
  dataVersion: DataVersion;
  onFinished?: (run: IngestRun) => void;
}): Ingest {
  const { store, sources, clock, logger } = options;
  const runs = createRunRepository(store);
  const opportunityLock = new Mutex();
  const merger = createDayMerger({ store, logger });
  const attribution = createAttribution({
    store,
    windowDays: options.attributionWindowDays,
    lock: opportunityLock,
  });
  const deps: PullDeps = { ...options, attribution, opportunityLock, merger };
  const slots = new Semaphore(maxActiveRuns);
  const stopping = new AbortController();
  const atWork = new Map<string, Promise<IngestRun>>();
  const keys = new Map<string, Promise<readonly IngestRun[]>>();
  const triggers = new Set<Promise<unknown>>();
  let lastStart = 0;

  const execute = async (queued: IngestRun, source: Source): Promise<IngestRun> =>
    slots.runExclusive(async () => {
      // Each run has a start of its own: the later run's rows win over the earlier one's.
      lastStart = Math.max(lastStart + 1, clock.now());
      const running: IngestRun = { ...queued, status: 'running', startedAt: lastStart };
      let saving: Promise<void> = save(running);
      const finished = await pull(deps, source, running, stopping.signal, (state) => {
        saving = saving.then(() => save(state));
      });
      await saving;
      await save(finished);
      options.onFinished?.(finished);
      return finished;
    });

  const save = async (run: IngestRun): Promise<void> => {
    try {
      await runs.save(run);
    } catch (error) {
      logger.error(
        { err: error, runId: run.id, status: run.status },
        'the state of a run could not be stored',
      );
    }
  };

  const start = async (input: TriggerInput, caller: Caller): Promise<readonly IngestRun[]> => {
    const chosen = chooseSources(sources, input, caller.workspace);
    const triggerId = uuidv7();
    const queued = chosen.map(
      (source): IngestRun => ({
        id: uuidv7(),
        workspace: caller.workspace,
        triggerId,
        idempotencyKey: input.idempotencyKey ?? '',
        source: source.name,
        mode: input.mode,
        requestedBy: caller.name,
        requestId: caller.requestId,
        since: input.since,
        until: input.until,
        status: 'queued',
        createdAt: clock.now(),
        startedAt: undefined,
        finishedAt: undefined,
        recordsRead: 0,
        recordsWritten: 0,
        recordsSkipped: {},
        recordsRejected: {},
        repairs: {},
        bytesRead: 0,
        errorCode: '',
        errorMessage: '',
      }),
    );
    // Unlike later states, this one must be stored: the caller will ask for the run by its id.
    for (const run of queued) await runs.save(run);
    queued.forEach((run, index) => {
      const source = chosen[index];
      if (source === undefined) return;
      const work = execute(run, source).finally(() => atWork.delete(run.id));
      atWork.set(run.id, work);
      // `execute` does not throw but for a bug, which must not end the program.
      work.catch((error: unknown) => logger.error({ err: error, runId: run.id }, 'a run ended unexpectedly'));
    });
    return queued;
  };

  const startOnce = async (input: TriggerInput, caller: Caller): Promise<readonly IngestRun[]> => {
    const { idempotencyKey: key } = input;
    if (key === undefined) return start(input, caller);
    const slot = JSON.stringify([caller.workspace, key]);
    let known = keys.get(slot);
    if (known === undefined) {
      known = runs
        .findByIdempotencyKey(caller.workspace, key)
        .then((earlier) => (earlier.length > 0 ? earlier : start(input, caller)));
      keys.set(slot, known);
      // From here on the table knows the key; memory need not grow with it.
      void known.catch(() => undefined).finally(() => keys.delete(slot));
    }
    const started = await known;
    refuseOtherCall(started, input, sources);
    return started;
  };

  return {
    sources,
    runs,
    async trigger(input, caller) {
      if (stopping.signal.aborted)
        throw new UtmqlError('STORE_UNAVAILABLE', 'The server is shutting down; call again shortly.', {
          retryable: true,
        });
      const starting = startOnce(input, caller);
      triggers.add(starting);
      const started = await starting.finally(() => triggers.delete(starting));
      const current = started.map(async (run) => {
        const work = atWork.get(run.id);
        if (work !== undefined) return input.wait ? work : run;
        return isFinished(run) ? run : ((await runs.find(run.workspace, run.id)) ?? run);
      });
      return Promise.all(current);
    },
    idle: () => merger.idle(),
    async stop() {
      stopping.abort(new UtmqlError('CANCELLED', 'The server was shut down.'));
      await Promise.allSettled(triggers);
      await Promise.allSettled(atWork.values());
      await merger.stop();
    },
  };
}

function chooseSources(all: readonly Source[], input: TriggerInput, workspace: string): readonly Source[] {
  const own = all.filter((source) => source.workspace === workspace);
  const names = own.map((source) => source.name);
  if (own.length === 0)
    throw badInput('No sources are configured. Set ADS_API_URL or CRM_API_URL and restart.');
  if (input.since !== undefined && input.until !== undefined && input.since > input.until) {
    throw badInput('since is after until; swap them.');
  }
  if (input.sources === undefined) return own;
  if (input.sources.length === 0)
    throw badInput(`sources is empty; leave it out for all, or choose of ${names.join(', ')}.`);
  const unknown = input.sources.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw badInput(`sources: there is no source ${JSON.stringify(unknown)}; choose of ${names.join(', ')}.`);
  return own.filter((source) => input.sources?.includes(source.name));
}

function refuseOtherCall(started: readonly IngestRun[], input: TriggerInput, all: readonly Source[]): void {
  const [first] = started;
  if (first === undefined) return;
  const names = chooseSources(all, input, first.workspace).map((source) => source.name);
  const same =
    first.since === input.since &&
    first.until === input.until &&
    first.mode === input.mode &&
    names.length === started.length &&
    started.every((run) => names.includes(run.source));
  if (!same) {
    throw badInput(
      `idempotencyKey: ${JSON.stringify(first.idempotencyKey)} was used for another call; use a new key for this one.`,
    );
  }
}
