import { setTimeout as delay } from 'node:timers/promises';
import type { Requester } from '../../access/caller.ts';
import { UtmqlError } from '../../errors.ts';
import { bounded } from '../../time.ts';
import type { Executions } from './executions.ts';
import { type IngestRun, isFinished } from './run.ts';
import type { RunRepository } from './run-table.ts';

/** How often a run of another process is looked up for whoever follows it. */
const pollEveryMs = 1_000;

/** Finds runs and waits for them, whichever process works on them. */
export interface RunFollower {
  /** @throws UtmqlError NOT_FOUND */
  find(id: string, caller: Requester): Promise<IngestRun>;
  /** The run as it is now; with `wait`, as it has ended. */
  present(run: IngestRun, wait: boolean): Promise<IngestRun>;
  /** Waits for a run's end; its last state when `signal` aborts first. */
  ended(run: IngestRun, signal: AbortSignal): Promise<IngestRun>;
  /**
   * The run's states, from the present one to the last.
   *
   * @throws UtmqlError NOT_FOUND
   */
  follow(id: string, caller: Requester, signal: AbortSignal): Promise<AsyncIterable<IngestRun>>;
}

/** @param options.stopping ends all waiting: this process goes */
export function createRunFollower(options: {
  readonly runs: Pick<RunRepository, 'find'>;
  readonly executions: Executions;
  readonly stopping: AbortSignal;
}): RunFollower {
  const { runs, executions, stopping } = options;

  const find = async (id: string, caller: Requester): Promise<IngestRun> => {
    const here = executions.current(id);
    const run = here?.workspace === caller.workspace ? here : await runs.find(caller.workspace, id);
    if (run === undefined) throw new UtmqlError('NOT_FOUND', `id: there is no run ${id}.`);
    return run;
  };

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

  /** States of a run of another process, by asking the table. */
  async function* polled(run: IngestRun, caller: Requester, leaving: AbortSignal): AsyncGenerator<IngestRun> {
    for (let last = run; !isFinished(last); ) {
      const wait = bounded({ signals: [leaving, stopping] }, (signal) =>
        delay(pollEveryMs, undefined, { signal }),
      );
      await wait.catch((error: unknown) => {
        if (!stopping.aborted) throw error;
      });
      // Another process goes on with the run: whoever follows it here asks there.
      if (stopping.aborted) return;
      last = await find(run.id, caller);
      yield last;
    }
  }

  return {
    find,
    ended,
    async present(run, wait) {
      if (wait) return ended(run, stopping);
      const current = executions.current(run.id);
      if (current !== undefined) return current;
      return isFinished(run) ? run : ((await runs.find(run.workspace, run.id)) ?? run);
    },
    async follow(id, caller, signal) {
      const states = executions.states(id, signal);
      const run = await find(id, caller);
      return statesFrom(run, states, (last) => polled(last, caller, signal));
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
