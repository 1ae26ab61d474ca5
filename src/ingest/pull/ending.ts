import { UtmqlError } from '../../errors.ts';
import type { IngestRun, RunStatus } from '../runs/run.ts';

/** How a run ends, and why where it did not end well. */
export interface Ending {
  readonly status: RunStatus;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

/** What has become of a run's steps. */
export interface StepsOutcome {
  /** The first step that failed. */
  readonly failure: UtmqlError | undefined;
  /** A sentence on what the run would take away; empty where it may be written. */
  readonly loss: string;
  readonly hasStored: boolean;
  /** Records of a `replace` could not be read, so that what is stored of them stays as it was. */
  readonly isIncomplete: boolean;
}

export function endingOf(run: IngestRun, { failure, loss, hasStored, isIncomplete }: StepsOutcome): Ending {
  if (failure === undefined) {
    if (loss !== '') return { status: 'held', error: { code: 'HELD', message: loss } };
    return { status: isIncomplete ? 'partial' : 'succeeded' };
  }
  const status = failure.code === 'CANCELLED' ? 'cancelled' : hasStored ? 'partial' : 'failed';
  return { status, error: { code: failure.code, message: explain(failure, run, hasStored) } };
}

/** What became of the run; and that repeating it helps, only where it can without anybody changing anything. */
function explain({ message, code, retryable }: UtmqlError, run: IngestRun, hasStored: boolean): string {
  if (run.dryRun) return message;
  const mayRepeat = retryable || code === 'CANCELLED';
  if (hasStored) {
    const when = mayRepeat
      ? 'the same call again completes it'
      : 'once this is set right, the same call completes it';
    return `${message} What came before is stored; ${when}.`;
  }
  return `${message} ${retryable ? 'The same call can succeed later. ' : ''}Nothing was changed.`;
}

/** Why a run was ended from outside. */
export const cancelledBy = (signal: AbortSignal): UtmqlError =>
  signal.reason instanceof UtmqlError ? signal.reason : new UtmqlError('CANCELLED', 'The run was cancelled.');
