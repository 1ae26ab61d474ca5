import type { ServerResponse } from 'node:http';
import { UtmqlError } from '../errors.ts';
import { createBudget } from './budget.ts';
import { addBudgetHeaders } from './rate-limit-fields.ts';
import { refusalCost } from './refusal-cost.ts';
import type { LimitSettings } from './settings.ts';
import { createSlots } from './slots.ts';

/** The budgets of requests. Pushes have their own, because they are many and small. */
export type RequestBudget = 'requests' | 'pushes';

/**
 * The limits of each account: the id of a key, the subject of a token, or an address. The remaining budget is in the response
 * headers.
 */
export interface Limits {
  /** @throws UtmqlError RATE_LIMITED */
  countRequest(budget: RequestBudget, account: string, response: ServerResponse): Promise<void>;
  /**
   * Checks the cost budget before a query, whose cost is known only after it. @throws UtmqlError RATE_LIMITED if nothing is left
   */
  checkCost(account: string, response: ServerResponse): Promise<void>;
  /** Uses cost for a query. The cost can exceed what is left; the next query is then refused. */
  spend(account: string, cost: number): Promise<void>;
  /** Uses budget for a request that was refused after `bytes` of it were read. */
  spendOnRefusal(account: string, what: 'query' | 'push', bytes: number): Promise<void>;
  /**
   * Waits a short time for a turn.
   *
   * @returns a function that ends the turn
   * @throws UtmqlError RATE_LIMITED
   */
  takeTurn(account: string, what: 'operation' | 'subscription' | 'push'): Promise<() => void>;
  change(settings: LimitSettings): void;
}

const plurals = { operation: 'operations', subscription: 'subscriptions', push: 'pushes' } as const;

export type LimitName = RequestBudget | 'cost' | 'concurrency' | 'queries';

export function createLimits(settings: LimitSettings, onRefused: (limit: LimitName) => void): Limits {
  const budgets = {
    requests: createBudget(settings.requestsPerMinute),
    pushes: createBudget(settings.pushesPerMinute),
    cost: createBudget(settings.costPerMinute),
  };
  const turns = {
    operation: createSlots({ most: settings.concurrency, mostWaiting: 5 }),
    subscription: createSlots({ most: settings.concurrency, mostWaiting: 0 }),
    push: createSlots({ most: settings.concurrency, mostWaiting: 5 }),
  };
  const refuse = (limit: LimitName, message: string, retryAfterSeconds: number): UtmqlError => {
    onRefused(limit);
    return rateLimited(message, retryAfterSeconds);
  };

  return {
    async countRequest(name, account, response) {
      const budget = budgets[name];
      const balance = await budget.take(account);
      addBudgetHeaders(response, name, budget, balance);
      if (balance.isGranted) return;
      throw refuse(name, `More than ${budget.limit} ${name} in a minute.`, balance.resetSeconds);
    },
    async checkCost(account, response) {
      const balance = await budgets.cost.look(account);
      addBudgetHeaders(response, 'cost', budgets.cost, balance);
      if (balance.isGranted) return;
      const message = `Queries have cost more than ${budgets.cost.limit} values in a minute. Ask for fewer rows and fields.`;
      throw refuse('cost', message, balance.resetSeconds);
    },
    async spend(account, cost) {
      await budgets.cost.take(account, cost);
    },
    async spendOnRefusal(account, what, bytes) {
      const cost = refusalCost(what, bytes);
      if (cost > 0) await budgets[what === 'query' ? 'cost' : 'pushes'].take(account, cost);
    },
    async takeTurn(account, what) {
      const end = await turns[what].take(account);
      if (end !== undefined) return end;
      throw refuse(
        'concurrency',
        `Too many ${plurals[what]} at a time. Wait for the answers to earlier ones.`,
        1,
      );
    },
    change(next) {
      budgets.requests.change(next.requestsPerMinute);
      budgets.pushes.change(next.pushesPerMinute);
      budgets.cost.change(next.costPerMinute);
      turns.operation.change(next.concurrency);
      turns.subscription.change(next.concurrency);
      turns.push.change(next.concurrency);
    },
  };
}

export const rateLimited = (what: string, retryAfterSeconds: number): UtmqlError =>
  new UtmqlError('RATE_LIMITED', `${what} Try again in ${retryAfterSeconds} s.`, {
    retryable: true,
    retryAfterSeconds,
  });
