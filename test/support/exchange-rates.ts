import { expect } from 'vitest';
import type { Raw } from './oracle.ts';

/** Pushes exchange rates. */
export async function pushRates(
  app: { readonly url: string },
  rates: readonly Raw[],
  headers: Record<string, string> = {},
): Promise<void> {
  const response = await fetch(`${app.url}/ingest/exchange-rates`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(rates),
  });
  expect([response.status, await response.json()]).toMatchObject([200, { rejected: 0 }]);
}
