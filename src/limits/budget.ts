import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

export const windowSeconds = 60;

/** The remaining budget of an account. */
export interface Balance {
  /** False if the budget was already used up. */
  readonly isGranted: boolean;
  readonly remaining: number;
  /** Seconds until the whole budget is available again. */
  readonly resetSeconds: number;
}

/** A budget for each minute and account. An account's minute begins with its first use. */
export interface Budget {
  readonly limit: number;
  take(account: string, amount?: number): Promise<Balance>;
  /** Returns whether anything is left, without using it. */
  look(account: string): Promise<Balance>;
  /** Changes the limit. What accounts have used stays counted. */
  change(limit: number): void;
}

export function createBudget(limit: number): Budget {
  const limiter = new RateLimiterMemory({ points: limit, duration: windowSeconds });
  return {
    get limit() {
      return limiter.points;
    },
    async take(account, amount = 1) {
      try {
        return balance(true, await limiter.consume(account, amount));
      } catch (refused) {
        if (refused instanceof RateLimiterRes) return balance(false, refused);
        throw refused;
      }
    },
    async look(account) {
      const used = await limiter.get(account);
      // An entry can outlive its minute for a moment.
      if (used === null || used.msBeforeNext <= 0)
        return { isGranted: true, remaining: limiter.points, resetSeconds: 0 };
      return balance(used.remainingPoints > 0, used);
    },
    change(next) {
      limiter.points = next;
    },
  };
}

const balance = (isGranted: boolean, { remainingPoints, msBeforeNext }: RateLimiterRes): Balance => ({
  isGranted,
  remaining: remainingPoints,
  resetSeconds: Math.max(Math.ceil(msBeforeNext / 1_000), 1),
});
