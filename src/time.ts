import { UtmqlError } from './errors.ts';

/** The one clock. Tests inject their own, so nothing sleeps and "today" can be any day. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** Waits for `work` for so long at most; true when it has ended well by then. Throws what it throws by then. */
export async function within(timeoutMs: number, work: Promise<unknown>): Promise<boolean> {
  let handle: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    handle = setTimeout(resolve, timeoutMs, false);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(handle);
  }
}

/** What a call to source `name` throws once `signal` was aborted: the reason given there, when that is the program's own. */
export function cancelled(name: string, signal: AbortSignal): UtmqlError {
  if (signal.reason instanceof UtmqlError) return signal.reason;
  return new UtmqlError('CANCELLED', `The call to source ${name} was cancelled.`, { cause: signal.reason });
}

/** `promise`, or a rejection with the signal's reason as soon as that aborts, for work that does not listen to it itself. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
