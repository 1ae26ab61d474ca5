import { uuidv7 } from 'uuidv7';
import type { Requester } from '../../access/caller.ts';
import type { Leases } from '../../clickhouse/leases/leases.ts';
import type { Source } from '../../sources/source.ts';
import type { Clock } from '../../time.ts';
import type { Executions } from '../runs/executions.ts';
import { type IngestRun, newRun } from '../runs/run.ts';
import type { RunRepository } from '../runs/run-table.ts';
import { chooseSources, isSame, refuseOtherCall, type TriggerInput, withFirstDays } from './trigger-input.ts';
import type { Works } from './works.ts';

/** Under it runs are begun, and held ones decided on: of two calls about one run the second sees what the first has done. */
export const triggerLease = (workspace: string): string => `trigger:${workspace}`;

/** Starts the runs that a call asks for. */
export interface Triggers {
  /**
   * One run for each source that is asked for. Given again are those that are at work on the same, and those that have the call's
   * key, unless they ended in a way that a repeat may mend.
   */
  start(input: TriggerInput, caller: Requester): Promise<readonly IngestRun[]>;
}

const mayEndBetter = ({ status }: IngestRun): boolean =>
  status === 'failed' || status === 'cancelled' || status === 'partial';

export function createTriggers(options: {
  readonly sources: () => readonly Source[];
  readonly runs: Pick<RunRepository, 'unfinished' | 'findByIdempotencyKey'>;
  readonly executions: Executions;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly works: Pick<Works, 'pullOf'>;
}): Triggers {
  const { sources, runs, executions, leases, clock, works } = options;
  const { owner } = leases;

  /**
   * @param triggerId of the call, which may have been made before
   * @param earlier runs that it has started
   */
  const start = async (
    chosen: readonly Source[],
    input: TriggerInput,
    caller: Requester,
    triggerId: string,
    earlier: readonly IngestRun[],
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
        retry: earlier.filter((run) => run.source === source.name).length,
        since: input.since,
        until: input.until,
        createdAt: clock.now(),
      });
      started.push(await executions.start(run, works.pullOf(source)));
    }
    return started;
  };

  return {
    async start(call, caller) {
      const { idempotencyKey: key } = call;
      const startNew = async (): Promise<readonly IngestRun[]> => {
        const chosen = chooseSources(sources(), call, caller.workspace);
        const earlier = key === undefined ? [] : await runs.findByIdempotencyKey(caller.workspace, key);
        const input = withFirstDays(call, earlier);
        refuseOtherCall(earlier, input, chosen);
        // Of each source the newest: ids sort by time.
        const newest = new Map(earlier.map((run) => [run.source, run]));
        const kept = [...newest.values()].filter((run) => !(input.retriesRuns && mayEndBetter(run)));
        // A call that broke off has started some only: its repeat completes it.
        const left = chosen.filter(({ name }) => !kept.some((run) => run.source === name));
        const started = await start(left, input, caller, earlier[0]?.triggerId ?? uuidv7(), earlier);
        return [...kept, ...started];
      };
      // Wrong calls need no turn.
      chooseSources(sources(), call, caller.workspace);
      return leases.runExclusive(triggerLease(caller.workspace), startNew);
    },
  };
}
