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

/** The approximate first wait and the maximum wait, in milliseconds. */
export interface BackoffRules {
  readonly initial: number;
  readonly max: number;
}

export const isFailed = (result: unknown): result is FailedAttempt =>
  typeof result === 'object' && result !== null && 'kind' in result && result.kind === 'failed';

/** Whether the source works and asks for fewer requests. */
export const isThrottled = ({ outcome }: FailedAttempt): boolean => outcome === 'rate_limited';

/** Returns exponential backoff with decorrelated jitter. A wait is at least as long as the source's Retry-After. */
export const backoff = ({ initial, max }: BackoffRules) =>
  new DelegateBackoff(({ result }: IRetryBackoffContext<unknown>, before?: IBackoff<unknown>) => {
    const step =
      before?.next(undefined) ?? new ExponentialBackoff({ initialDelay: initial, maxDelay: max }).next();
    const asked = 'value' in result && isFailed(result.value) ? (result.value.retryAfterMs ?? 0) : 0;
    return { delay: Math.max(asked, step.duration), state: step };
  });

/** When a circuit opens, for how long, and when it closes. */
export interface BreakerRules {
  /** Consecutive failed calls that open the circuit. */
  readonly failures: number;
  readonly openMs: number;
  /** Consecutive successful calls that close the circuit again. */
  readonly successes: number;
}

/** The rules for circuits without their own. */
export const defaultBreakerRules: BreakerRules = { failures: 5, openMs: 30_000, successes: 2 };

/** `open`: calls are refused. `half-open`: calls are tried, and one more failure opens the circuit again. */
export type BreakerState = 'closed' | 'open' | 'half-open';

export interface CircuitBreaker {
  /** Runs `call`, or throws cockatiel's BrokenCircuitError while the circuit is open. */
  execute<T>(call: () => Promise<T>): Promise<T>;
  state(): BreakerState;
  /** Returns the remaining milliseconds in which the circuit is open. */
  openForMs(): number;
}

/** Returns a circuit breaker for one service. The policy `failure` decides which calls failed. */
export function createCircuitBreaker(failure: Policy, rules: BreakerRules): CircuitBreaker {
  const trial = new TrialBreaker(rules);
  const policy = circuitBreaker(failure, { halfOpenAfter: rules.openMs, breaker: trial });
  let openedAt = 0;
  // Uses Date.now instead of the injected clock, because cockatiel uses it.
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
 * cockatiel closes a circuit after one successful call and has no setting for more. This breaker keeps the failure count that
 * opened the circuit until enough calls have succeeded. Until then, a single failure opens the circuit again.
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
