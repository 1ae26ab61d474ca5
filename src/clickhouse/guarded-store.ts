import { handleWhen } from 'cockatiel';
import { UtmqlError } from '../errors.ts';
import {
  type BreakerRules,
  type CircuitBreaker,
  createCircuitBreaker,
  isBrokenCircuit,
} from '../http-client/circuit-breaker.ts';
import { bounded } from '../time.ts';
import { callAborted, isShortage } from './errors.ts';
import type { CallOptions, Store } from './store.ts';
import { wrapStore } from './wrap-store.ts';

/** The breaker that stands before ClickHouse: what counts as a failure is the database being away, not what it refuses. */
export const createStoreBreaker = (rules: BreakerRules): CircuitBreaker =>
  createCircuitBreaker(handleWhen(isAway), rules);

/** Whether the database, and not what it was asked to do, is the reason. */
export const isAway = (error: unknown): boolean =>
  error instanceof UtmqlError && (error.retryable || error.code === 'STORE_UNAVAILABLE');

/**
 * The same store behind a circuit breaker: while the circuit is open, calls fail at once. A call that has no answer after
 * `timeoutMs` counts as a failure too, and so does one that the database had too little memory or time for: the records
 * are not to blame for that.
 *
 * @param options.signal aborts what is at work
 */
export function guardStore(options: {
  store: Store;
  breaker: CircuitBreaker;
  timeoutMs: number;
  signal: AbortSignal;
}): Store {
  const { store, breaker, signal } = options;
  const timeout = { ms: options.timeoutMs, error: late };
  const guard = async <Options extends CallOptions, Result>(
    options: Options,
    next: (options: Options) => Promise<Result>,
  ): Promise<Result> => {
    try {
      return await breaker.execute(async () => {
        try {
          return await bounded({ timeout, signals: [signal, options.signal], left: callAborted }, (bounded) =>
            next({ ...options, signal: bounded }),
          );
        } catch (error) {
          if (isShortage(error))
            throw unavailable('The database is short of memory or time at the moment.', undefined, error);
          throw error;
        }
      });
    } catch (error) {
      if (!isBrokenCircuit(error)) throw error;
      const seconds = Math.max(1, Math.ceil(breaker.openForMs() / 1_000));
      throw unavailable('The database cannot be reached at the moment.', seconds, error);
    }
  };
  return wrapStore(store, { read: guard, write: guard });
}

const late = (): UtmqlError => unavailable('The database did not answer in time.', undefined, undefined);

const unavailable = (what: string, retryAfterSeconds: number | undefined, cause: unknown): UtmqlError =>
  new UtmqlError('STORE_UNAVAILABLE', `${what} Try again shortly.`, {
    retryable: true,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    cause,
  });
