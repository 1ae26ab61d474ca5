import { DelegateBackoff, ExponentialBackoff, type IBackoff, type IRetryBackoffContext } from 'cockatiel';
import type { Failed } from './source-request.ts';

/** The first wait, about, and the longest, in milliseconds. */
export interface BackoffRules {
  readonly initial: number;
  readonly max: number;
}

export const isFailed = (result: unknown): result is Failed =>
  typeof result === 'object' && result !== null && 'kind' in result && result.kind === 'failed';

/** The source is there, and wants to be asked more slowly. */
export const isThrottled = ({ outcome }: Failed): boolean => outcome === 'rate_limited';

/** Exponential with decorrelated jitter, and never shorter than the source asked for. */
export const backoff = ({ initial, max }: BackoffRules) =>
  new DelegateBackoff(({ result }: IRetryBackoffContext<unknown>, before?: IBackoff<unknown>) => {
    const step =
      before?.next(undefined) ?? new ExponentialBackoff({ initialDelay: initial, maxDelay: max }).next();
    const asked = 'value' in result && isFailed(result.value) ? (result.value.retryAfterMs ?? 0) : 0;
    return { delay: Math.max(asked, step.duration), state: step };
  });
