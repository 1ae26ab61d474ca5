import { type Day, formatDay } from './day.ts';
import type { Reject } from './outcome.ts';

/** The range of days for which records are accepted. */
export interface AcceptedDays {
  readonly today: Day;
  /** The number of days that are kept, including today, and the environment variable that sets it. Undefined: all are kept. */
  readonly kept:
    | { readonly days: number; readonly by: 'DATA_RETENTION_DAYS' | 'EVENT_RETENTION_DAYS' }
    | undefined;
  readonly maxFutureDays: number;
}

/**
 * Returns why a record of this day is rejected, or undefined if it is accepted. An older record would expire at once. Each future
 * day creates a partition; without a limit, callers could create any number of them, and each one slows down every start.
 */
export function dayRejection(day: Day, { today, kept, maxFutureDays }: AcceptedDays): Reject | undefined {
  if (kept !== undefined && day < today - kept.days + 1) {
    const detail = `The record is of ${formatDay(day)}; only the last ${kept.days} days are kept (${kept.by}).`;
    return { reason: 'beyond_retention', field: '', detail };
  }
  if (day > today + maxFutureDays) {
    const detail = `The record is of ${formatDay(day)}; today is ${formatDay(today)}, and at most ${maxFutureDays} days ahead are accepted (MAX_FUTURE_DAYS).`;
    return { reason: 'in_the_future', field: '', detail };
  }
  return undefined;
}
