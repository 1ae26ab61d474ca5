import { setTimeout as delay } from 'node:timers/promises';
import { Mutex } from 'async-mutex';
import type { Leases } from '../../clickhouse/leases/leases.ts';
import type { Logger } from '../../logger.ts';
import { pushSource } from '../../records/names.ts';
import type { Executions } from './executions.ts';
import { type IngestRun, newRun } from './run.ts';
import type { RunRepository } from './run-table.ts';

/** A run that ended its process this often is not begun again. */
const maxAttempts = 3;

/** How a run that a crash interrupted ends; undefined when it is to be begun again. */
export function interruptedEnding(
  run: IngestRun,
  isSourceKnown: boolean,
): Pick<IngestRun, 'status' | 'errorCode' | 'errorMessage'> | undefined {
  // Pushed records are safe in the buffer, whatever became of the run that counted them.
  if (run.source === pushSource) return { status: 'succeeded', errorCode: '', errorMessage: '' };
  if (!isSourceKnown) {
    return interrupted(`A crash interrupted it, and the source ${run.source} is no longer configured.`);
  }
  if (run.attempt >= maxAttempts) {
    return interrupted(`It was begun ${run.attempt} times, and each time the process ended in the middle.`);
  }
  return undefined;
}

const interrupted = (errorMessage: string) =>
  ({ status: 'failed', errorCode: 'INTERRUPTED', errorMessage }) as const;

/**
 * The same run from its beginning, by `owner`: its rows' keys make what the first attempt had written harmless. The days that
 * this had read stay in it: whoever worked on it may have written them without having attributed them.
 */
export const begunAgain = (run: IngestRun, owner: string): IngestRun =>
  newRun({
    id: run.id,
    workspace: run.workspace,
    triggerId: run.triggerId,
    idempotencyKey: run.idempotencyKey,
    source: run.source,
    mode: run.mode,
    dryRun: run.dryRun,
    guard: run.guard,
    replayOf: run.replayOf,
    question: run.question,
    requestedBy: run.requestedBy,
    requestId: run.requestId,
    owner,
    attempt: run.attempt + 1,
    retry: run.retry,
    since: run.since,
    until: run.until,
    createdAt: run.createdAt,
    days: run.days,
  });

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
