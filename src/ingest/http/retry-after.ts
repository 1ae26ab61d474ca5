/** Nothing beyond it can be meant, and dates far beyond it cannot be written. */
const LONGEST_MS = 365 * 86_400_000;

/**
 * Milliseconds that a Retry-After header asks to wait; it holds seconds or an HTTP date (RFC 9110, 10.2.3).
 * `undefined` when there is none or it is neither.
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, LONGEST_MS);
  const date = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.min(Math.max(0, date - now), LONGEST_MS);
}
