import { type Day, formatDay } from './day.ts';
import type { Reject } from './outcome.ts';

/** Which days of records are taken on a day. */
export interface AcceptedDays {
  readonly today: Day;
  /** How many days are kept, today included. */
  readonly keptDays: number;
  /** The environment variable that says so. */
  readonly keptBy: 'DATA_RETENTION_DAYS' | 'EVENT_RETENTION_DAYS';
  readonly maxFutureDays: number;
}

/**
 * Why a record of this day is not taken; undefined where it is. An older one would be stored only to vanish. Each day ahead would be
 * a partition for good: nothing but the calendar would bound how many a caller can make, and each slows down every start.
 */
export function dayRejection(
  day: Day,
  { today, keptDays, keptBy, maxFutureDays }: AcceptedDays,
): Reject | undefined {
  if (day < today - keptDays + 1) {
    const detail = `The record is of ${formatDay(day)}; only the last ${keptDays} days are kept (${keptBy}).`;
    return { reason: 'beyond_retention', field: '', detail };
  }
  if (day > today + maxFutureDays) {
    const detail = `The record is of ${formatDay(day)}; today is ${formatDay(today)}, and at most ${maxFutureDays} days ahead are taken (MAX_FUTURE_DAYS).`;
    return { reason: 'in_the_future', field: '', detail };
  }
  return undefined;
}
