import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

export const windowSeconds = 60;

/** What is left of somebody's budget. */
export interface Balance {
  /** False when the budget was used up already. */
  readonly isGranted: boolean;
  readonly remaining: number;
  /** Until the whole budget is there again. */
  readonly resetSeconds: number;
}

/** So much a minute for each account. The minute of an account begins with the first thing that it takes. */
export interface Budget {
  readonly limit: number;
  take(account: string, amount?: number): Promise<Balance>;
  /** Whether anything is left. */
  look(account: string): Promise<Balance>;
  /** The accounts keep what they have taken. */
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
      // A record may outlive its minute by a moment.
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
