import { UtmqlError } from './errors.ts';

/** The one clock. Tests inject their own, so nothing sleeps and "today" can be any day. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** A signal that aborts with others, as long as it is linked to them. */
export interface LinkedSignal {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  /** Leaves nothing behind in the others. */
  unlink(): void;
}

/**
 * In place of AbortSignal.any, by which Node 20 keeps each signal for as long as the first of its sources, which may live with
 * the process.
 *
 * @param reasonOf makes the reason of what is linked out of a source's
 */
export function linkSignals(
  sources: readonly (AbortSignal | undefined)[],
  reasonOf = (reason: unknown): unknown => reason,
): LinkedSignal {
  const linked = sources.filter((source) => source !== undefined);
  const controller = new AbortController();
  const onAbort = (event: Event): void => controller.abort(reasonOf((event.target as AbortSignal).reason));
  for (const source of linked) {
    if (source.aborted) controller.abort(reasonOf(source.reason));
    else source.addEventListener('abort', onAbort, { once: true });
  }
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    unlink() {
      for (const source of linked) source.removeEventListener('abort', onAbort);
    },
  };
}

/** How long work may go on. */
interface Bounds {
  /** After so long it has taken too long, which the error says. Undefined: never. */
  readonly timeout?: { readonly ms: number; readonly error: () => Error } | undefined;
  /** End the work, too. */
  readonly signals?: readonly (AbortSignal | undefined)[];
  /** What work rejects with that one of them has ended. Default: the reason that it gives. */
  readonly left?: (reason: unknown) => unknown;
}

/**
 * Settles as `work` does, or rejects once it has taken too long or one of the signals aborts, whether or not `work` heeds the
 * signal that it gets, which aborts then. When it settles, no timer and no listener is left.
 */
export async function bounded<T>(
  { timeout, signals = [], left }: Bounds,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, abort, unlink } = linkSignals(signals, left);
  const timer = timeout && setTimeout(() => abort(timeout.error()), timeout.ms);
  try {
    signal.throwIfAborted();
    return await Promise.race([
      work(signal),
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      }),
    ]);
  } finally {
    clearTimeout(timer);
    unlink();
  }
}

/** Resolves to true if `work` fulfils within `timeoutMs`, else false. Rejects if `work` rejects first. */
export async function fulfilsWithin(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const late = new Error();
  try {
    await bounded({ timeout: { ms: timeoutMs, error: () => late } }, () => work);
    return true;
  } catch (error) {
    if (error === late) return false;
    throw error;
  }
}

/** `work`, or a rejection with the signal's reason as soon as that aborts, for work that does not listen to it itself. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // Where the signal has aborted already, nobody else hears how the work ends.
  work.catch(() => undefined);
  return bounded({ signals: [signal] }, () => work);
}

/** What a call to source `name` throws once `signal` was aborted: the reason given there, when that is the program's own. */
export function cancelled(name: string, signal: AbortSignal): UtmqlError {
  if (signal.reason instanceof UtmqlError) return signal.reason;
  return new UtmqlError('CANCELLED', `The call to source ${name} was cancelled.`, { cause: signal.reason });
}
