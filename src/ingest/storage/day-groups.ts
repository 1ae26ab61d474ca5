import type { Day } from '../../records/day.ts';
import { maxDaysPerInsert } from './day-batches.ts';

/** Rows of one statement, at most: it holds them in memory, at about 250 bytes each. A day is never divided, however large. */
const maxRows = 500_000;
/** Less than this is not worth a statement of its own. */
const minRows = 50_000;

/** How many statements run at a time: what one thread works out and writes, while another does the same for other days. */
const lanes = 2;

/** Days in the order of time, in groups for one statement each. @param rows how many rows each day weighs */
export function groupDays(days: Iterable<Day>, rows: (day: Day) => number): Day[][] {
  const sorted = [...days].sort((a, b) => a - b);
  const total = sorted.reduce((sum, day) => sum + rows(day), 0);
  const target = Math.max(minRows, Math.min(maxRows, Math.ceil(total / lanes)));
  const groups: Day[][] = [];
  let group: Day[] = [];
  let size = 0;
  for (const day of sorted) {
    // To the nearer side of the target, so that equal days make equal groups.
    if (group.length > 0 && (group.length === maxDaysPerInsert || size + rows(day) / 2 > target)) {
      groups.push(group);
      group = [];
      size = 0;
    }
    group.push(day);
    size += rows(day);
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

/**
 * Works through `items`, a few at a time. After an error nothing new is begun, and what is at work is waited for.
 *
 * @throws the first error
 */
export async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (failures.length === 0 && next < items.length) {
      const item = items[next++];
      if (item === undefined) return;
      try {
        await work(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  if (failures.length > 0) throw failures[0];
}
