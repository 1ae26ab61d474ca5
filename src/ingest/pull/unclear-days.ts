import type { Day } from '../../records/day.ts';

/** Days of which some record came that nobody can tell from those that are stored. */
export interface UnclearDays {
  add(day: Day): void;
  /** A record may be of any day. */
  addAll(): void;
  readonly days: ReadonlySet<Day> | 'all';
}

export function createUnclearDays(): UnclearDays {
  const known = new Set<Day>();
  let isAnyDay = false;
  return {
    add: (day) => void known.add(day),
    addAll() {
      isAnyDay = true;
    },
    get days() {
      return isAnyDay ? 'all' : known;
    },
  };
}
