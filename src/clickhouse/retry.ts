import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { UtmqlError } from '../errors.ts';
import { classifyStoreError } from './errors.ts';

const policy = retry(
  handleWhen((error) => error instanceof UtmqlError && error.retryable),
  { maxAttempts: 4, backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 2_000 }) },
);

/**
 * Calls the store again, four times and for a few seconds, while the connection breaks or the server is away.
 *
 * @param work gets how many attempts were made before; what it throws becomes a `UtmqlError`
 * @param signal once aborted, nothing is tried again
 */
export const retryWhileAway = <T>(work: (attempt: number) => Promise<T>, signal?: AbortSignal): Promise<T> =>
  policy.execute(async ({ attempt }) => {
    try {
      return await work(attempt);
    } catch (error) {
      throw classifyStoreError(error);
    }
  }, signal);
