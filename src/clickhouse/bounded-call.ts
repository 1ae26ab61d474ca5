import type { UtmqlError } from '../errors.ts';
import { callAborted } from './errors.ts';

/**
 * Does `work` until it ends, a signal aborts it, or it takes longer than `limitMs`; undefined: as long as it likes. The signal
 * that it gets aborts then, which drops its socket: on one that has fallen silent nobody waits, and the next call gets another.
 *
 * @param late the error of work that took too long
 * @throws UtmqlError for the aborts, and what `work` throws
 */
export async function boundedCall<T>(
  options: {
    readonly limitMs: number | undefined;
    readonly signals: readonly (AbortSignal | undefined)[];
    readonly late: () => UtmqlError;
  },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { limitMs, late } = options;
  const signals = options.signals.filter((signal) => signal !== undefined);
  // Not AbortSignal.any: Node 20 keeps each of its signals for as long as the first, which may live with the process.
  const ending = new AbortController();
  let leave: (error: UtmqlError) => void = () => undefined;
  const left = new Promise<never>((_resolve, reject) => {
    leave = (error) => {
      reject(error);
      ending.abort(error);
    };
  });
  const onAbort = (event: Event): void => leave(callAborted((event.target as AbortSignal).reason));
  const timer = limitMs === undefined ? undefined : setTimeout(() => leave(late()), limitMs);
  for (const signal of signals) signal.addEventListener('abort', onAbort, { once: true });
  try {
    for (const { aborted, reason } of signals) if (aborted) throw callAborted(reason);
    // Raced: the client no longer listens to the signal once the head of the answer is there.
    return await Promise.race([work(ending.signal), left]);
  } finally {
    clearTimeout(timer);
    for (const signal of signals) signal.removeEventListener('abort', onAbort);
  }
}
