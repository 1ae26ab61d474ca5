import { DelegateBackoff, ExponentialBackoff, type IBackoff, type IRetryBackoffContext } from 'cockatiel';
import type { Failed } from './source-request.ts';

/** A longer Retry-After fails the call: a scheduler can come again then, a waiting run holds its place for nothing. */
const MAX_RETRY_AFTER_MS = 60_000;

/** The first wait, about, and the longest, in milliseconds. */
export interface BackoffRules {
  readonly initial: number;
  readonly max: number;
}

export const isFailed = (result: unknown): result is Failed =>
  typeof result === 'object' && result !== null && 'kind' in result && result.kind === 'failed';

export const mayComeAgain = ({ retryAfterMs = 0 }: Failed): boolean => retryAfterMs <= MAX_RETRY_AFTER_MS;

/** Exponential with decorrelated jitter, and never shorter than the source asked for. */
export const backoff = ({ initial, max }: BackoffRules) =>
  new DelegateBackoff(({ result }: IRetryBackoffContext<unknown>, before?: IBackoff<unknown>) => {
    const step =
      before?.next(undefined) ?? new ExponentialBackoff({ initialDelay: initial, maxDelay: max }).next();
    const asked = 'value' in result && isFailed(result.value) ? (result.value.retryAfterMs ?? 0) : 0;
    return { delay: Math.max(asked, step.duration), state: step };
  });
