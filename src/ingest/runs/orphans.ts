import { setTimeout as delay } from 'node:timers/promises';
import { Mutex } from 'async-mutex';
import type { Leases } from '../../leases/leases.ts';
import type { Logger } from '../../logger.ts';
import { type IngestRun, pushSource } from '../run.ts';
import type { RunRepository } from '../run-repository.ts';
import type { Executions } from './executions.ts';

/** With the expiry of leases: how long a run waits whose process was killed. */
const lookEveryMs = 4_000;

/** Runs that nobody works on any more: their process is gone, or has lost them. */
export interface Orphans {
  /** Takes up those there are, then looks for more from time to time. */
  start(): Promise<void>;
  /** Takes up those there are. */
  takeUp(): Promise<void>;
  stop(): Promise<void>;
}

/** @param options.begin begins such a run again, or ends it; when it resolves, the run's row names its new owner */
export function createOrphans(options: {
  runs: RunRepository;
  leases: Leases;
  executions: Pick<Executions, 'isHere'>;
  begin: (run: IngestRun) => Promise<void>;
  logger: Logger;
}): Orphans {
  const { runs, leases, executions, begin, logger } = options;
  const mutex = new Mutex();
  const stopping = new AbortController();
  let looking: Promise<void> | undefined;
  /** Until the first look, a push run of this process can only be its predecessor's. */
  let isFirst = true;

  const find = async (): Promise<IngestRun[]> => {
    // In this order: the owner of a row that is seen here was alive when it wrote it.
    const unfinished = await runs.unfinished();
    if (unfinished.length === 0) return [];
    const alive = await leases.livingOwners();
    return unfinished.filter((run) =>
      run.owner === leases.owner
        ? !executions.isHere(run.id) && (isFirst || run.source !== pushSource)
        : !alive.has(run.owner),
    );
  };

  const takeUp = (): Promise<void> =>
    mutex.runExclusive(async () => {
      if ((await find()).length > 0) {
        // Under a lease, and after another look: two processes that notice one run must not both take it up.
        await leases.runExclusive('orphans', async () => {
          for (const run of await find()) {
            const newest = await runs.find(run.workspace, run.id);
            const isUnchanged = newest?.owner === run.owner && newest.attempt === run.attempt;
            if (isUnchanged && newest.finishedAt === undefined && !executions.isHere(run.id))
              await begin(newest);
          }
        });
      }
      isFirst = false;
    });

  const lookAgain = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await delay(lookEveryMs, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      await takeUp().catch((error: unknown) => {
        if (!stopping.signal.aborted)
          logger.debug({ err: error }, 'runs that nobody works on could not be looked for');
      });
    }
  };

  return {
    async start() {
      // A database that is away for a moment must not end the start: there is another look soon.
      await takeUp().catch((error: unknown) =>
        logger.warn({ err: error }, 'runs that nobody works on could not be looked for; it is tried again'),
      );
      looking ??= lookAgain();
    },
    takeUp,
    async stop() {
      stopping.abort();
      await looking;
    },
  };
}
