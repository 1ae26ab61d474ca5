import { type IngestRun, newRun, pushSource } from '../run.ts';

/** A run that ended its process this often is not begun again. */
const maxAttempts = 3;

/** How a run that a crash interrupted ends; undefined when it is to be begun again. */
export function endingOf(
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
    requestedBy: run.requestedBy,
    requestId: run.requestId,
    owner,
    attempt: run.attempt + 1,
    since: run.since,
    until: run.until,
    createdAt: run.createdAt,
    days: run.days,
  });
