import { UtmqlError } from '../../errors.ts';
import type { IngestRun, RunStatus } from '../run.ts';

/** How a run ends, and why where it did not end well. */
export interface Ending {
  readonly status: RunStatus;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

/** What has become of a run's steps. */
export interface Outcome {
  /** The first step that failed. */
  readonly failure: UtmqlError | undefined;
  /** A sentence on what the run would take away; empty where it may be written. */
  readonly loss: string;
  readonly hasStored: boolean;
  /** Records of a `replace` could not be read, so that what is stored of them stays as it was. */
  readonly isIncomplete: boolean;
}

export function endingOf(run: IngestRun, { failure, loss, hasStored, isIncomplete }: Outcome): Ending {
  if (failure === undefined) {
    if (loss !== '') return { status: 'held', error: { code: 'HELD', message: loss } };
    return { status: isIncomplete ? 'partial' : 'succeeded' };
  }
  const status = failure.code === 'CANCELLED' ? 'cancelled' : hasStored ? 'partial' : 'failed';
  return { status, error: { code: failure.code, message: explain(failure, run, hasStored) } };
}

function explain({ message }: UtmqlError, run: IngestRun, hasStored: boolean): string {
  if (run.dryRun) return message;
  return `${message} ${hasStored ? 'What came before is stored; the same call again completes it.' : 'Nothing was changed.'}`;
}

/** Why a run was ended from outside. */
export const cancelledBy = (signal: AbortSignal): UtmqlError =>
  signal.reason instanceof UtmqlError ? signal.reason : new UtmqlError('CANCELLED', 'The run was cancelled.');
