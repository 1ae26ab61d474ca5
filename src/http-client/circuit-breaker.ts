import {
  BrokenCircuitError,
  CircuitState,
  circuitBreaker,
  DelegateBackoff,
  ExponentialBackoff,
  type IBackoff,
  type IBreaker,
  type IRetryBackoffContext,
  type Policy,
} from 'cockatiel';
import type { FailedAttempt } from './request.ts';

/** The first wait, about, and the longest, in milliseconds. */
export interface BackoffRules {
  readonly initial: number;
  readonly max: number;
}

export const isFailed = (result: unknown): result is FailedAttempt =>
  typeof result === 'object' && result !== null && 'kind' in result && result.kind === 'failed';

/** The source is there, and wants to be asked more slowly. */
export const isThrottled = ({ outcome }: FailedAttempt): boolean => outcome === 'rate_limited';

/** Exponential with decorrelated jitter, and never shorter than the source asked for. */
export const backoff = ({ initial, max }: BackoffRules) =>
  new DelegateBackoff(({ result }: IRetryBackoffContext<unknown>, before?: IBackoff<unknown>) => {
    const step =
      before?.next(undefined) ?? new ExponentialBackoff({ initialDelay: initial, maxDelay: max }).next();
    const asked = 'value' in result && isFailed(result.value) ? (result.value.retryAfterMs ?? 0) : 0;
    return { delay: Math.max(asked, step.duration), state: step };
  });

/** When a service is left alone, for how long, and what it takes to be trusted again. */
export interface BreakerRules {
  /** Failed calls in a row that open the circuit. */
  readonly failures: number;
  readonly openMs: number;
  /** Good calls in a row that close it again. */
  readonly successes: number;
}

/** What every circuit goes by where nothing else is said. */
export const defaultBreakerRules: BreakerRules = { failures: 5, openMs: 30_000, successes: 2 };

/** `open` refuses calls; in `half-open` the service is on trial: one more failure opens the circuit again. */
export type BreakerState = 'closed' | 'open' | 'half-open';

export interface CircuitBreaker {
  /** Runs `call`, or throws cockatiel's BrokenCircuitError while the circuit is open. */
  execute<T>(call: () => Promise<T>): Promise<T>;
  state(): BreakerState;
  /** How long the circuit stays open yet. */
  openForMs(): number;
}

/** A circuit breaker for one service; `failure` is the policy that tells a failed call. */
export function createCircuitBreaker(failure: Policy, rules: BreakerRules): CircuitBreaker {
  const trial = new TrialBreaker(rules);
  const policy = circuitBreaker(failure, { halfOpenAfter: rules.openMs, breaker: trial });
  let openedAt = 0;
  // Date.now, and not the injected clock, because cockatiel goes by that.
  policy.onBreak(() => {
    openedAt = Date.now();
  });
  const openForMs = (): number =>
    policy.state === CircuitState.Open ? Math.max(0, openedAt + rules.openMs - Date.now()) : 0;

  return {
    execute: (call) => policy.execute(call),
    openForMs,
    state() {
      if (policy.state === CircuitState.Closed) return trial.isOn ? 'half-open' : 'closed';
      return openForMs() > 0 ? 'open' : 'half-open';
    },
  };
}

export const isBrokenCircuit = (error: unknown): boolean => error instanceof BrokenCircuitError;

/**
 * cockatiel closes a circuit after one good call and has no setting for more. So this breaker keeps the count of failures
 * that opened the circuit until enough good calls followed: on that trial, a single failure opens it again.
 */
class TrialBreaker implements IBreaker {
  readonly state = { failures: 0, successes: 0 };
  private readonly rules: BreakerRules;

  constructor(rules: BreakerRules) {
    this.rules = rules;
  }

  get isOn(): boolean {
    return this.state.failures >= this.rules.failures;
  }

  success(): void {
    if (this.isOn && ++this.state.successes < this.rules.successes) return;
    this.state.failures = 0;
    this.state.successes = 0;
  }

  failure(): boolean {
    this.state.failures++;
    this.state.successes = 0;
    return this.isOn;
  }
}
