import type { Requester } from '../../access/caller.ts';
import type { Leases } from '../../clickhouse/leases/leases.ts';
import { badInput, UtmqlError } from '../../errors.ts';
import type { Source } from '../../sources/source.ts';
import type { Clock } from '../../time.ts';
import type { Executions } from '../runs/executions.ts';
import type { RunFollower } from '../runs/follow.ts';
import { begunAgain } from '../runs/orphans.ts';
import type { IngestRun } from '../runs/run.ts';
import type { RunRepository } from '../runs/run-table.ts';
import type { RawLanding } from './raw-landing.ts';
import { triggerLease } from './triggers.ts';
import type { Works } from './works.ts';

/** Somebody's word on runs that wait because they would take a lot away; of two words on one run, the first counts. */
export interface HeldRuns {
  /**
   * Takes a held run up again, to write what it had read; gives one that has been approved before as it is.
   *
   * @throws UtmqlError NOT_FOUND; CONFLICT when the run has ended otherwise; BAD_USER_INPUT when what it read is not kept
   */
  approve(id: string, caller: Requester): Promise<IngestRun>;
  /** Ends a held run without a change; gives one that is not held any more as it is. */
  drop(id: string, caller: Requester): Promise<IngestRun>;
}

export function createHeldRuns(options: {
  readonly runs: RunRepository;
  readonly executions: Executions;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly works: Works;
  readonly follower: RunFollower;
  /** What a run is of and what it has read. Throws BAD_USER_INPUT when that is gone. */
  readonly landedOf: (run: IngestRun) => { readonly source: Source; readonly landing: RawLanding };
}): HeldRuns {
  const { runs, executions, leases, clock, works, follower } = options;

  const inTurn = (caller: Requester, decide: () => Promise<IngestRun>): Promise<IngestRun> =>
    leases.runExclusive(triggerLease(caller.workspace), decide);

  return {
    async approve(id, caller) {
      const run = await inTurn(caller, async () => {
        const held = await follower.find(id, caller);
        if (held.status !== 'held') return held;
        const { source, landing } = options.landedOf(held);
        if (source.name !== held.source) {
          throw badInput(
            `id: run ${id} was held when its source was named ${held.source}. Cancel it, and trigger ${source.name}.`,
          );
        }
        const original = held.replayOf === '' ? held : await follower.find(held.replayOf, caller);
        const again = begunAgain(held, leases.owner);
        return executions.start(
          // What it has read is kept under the attempt that read it.
          { ...again, attempt: held.attempt, overlapFrom: held.overlapFrom },
          works.approvalOf(held, original, source, landing),
        );
      });
      if (run.status === 'failed' || run.status === 'cancelled') {
        throw new UtmqlError(
          'CONFLICT',
          `Run ${id} is not held (${run.status}); trigger the source instead.`,
        );
      }
      return run;
    },
    drop: (id, caller) =>
      inTurn(caller, async () => {
        const run = await follower.find(id, caller);
        if (run.status !== 'held') return run;
        const dropped: IngestRun = {
          ...run,
          status: 'cancelled',
          errorCode: 'CANCELLED',
          errorMessage: `The run was held, and ${caller.name} dropped it. Nothing was changed.`,
          finishedAt: clock.now(),
        };
        await runs.save(dropped);
        return dropped;
      }),
  };
}
