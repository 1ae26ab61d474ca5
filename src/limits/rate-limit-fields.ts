import type { ServerResponse } from 'node:http';
import { type Balance, type Budget, windowSeconds } from './budget.ts';

/** Response headers for budgets: draft-ietf-httpapi-ratelimit-headers-10. */
export const rateLimitFields = ['RateLimit-Policy', 'RateLimit'] as const;

/** Adds a budget to the response headers. */
export function addBudgetHeaders(
  response: ServerResponse,
  name: string,
  { limit }: Budget,
  { remaining, resetSeconds }: Balance,
): void {
  response.appendHeader('RateLimit-Policy', `"${name}";q=${limit};w=${windowSeconds}`);
  response.appendHeader('RateLimit', `"${name}";r=${remaining};t=${resetSeconds}`);
}
