import type { Day } from '../records/day.ts';

/** A day is built once it has not changed for so long: a feed writes a day many times. */
const restMs = 1_500;
/** A day that changes all the time is built after so long all the same, and again after so long. */
const longestRestlessMs = 20_000;

/** Knows since when stale days have waited to be built, and have held what they hold. Pure: time comes with each call. */
export interface DueDays {
  /**
   * The days that are to be built now, newest first.
   *
   * @param held what the tables hold of each stale day: another text after each change
   */
  of(held: ReadonlyMap<Day, string>, nowMs: number): Day[];
  /** Days have been built: where they change again, they wait anew. */
  built(days: readonly Day[]): void;
}

export function createDueDays(): DueDays {
  let waiting = new Map<Day, { held: string; heldSinceMs: number; sinceMs: number }>();
  return {
    of(held, nowMs) {
      waiting = new Map(
        [...held].map(([day, holds]) => {
          const known = waiting.get(day);
          const heldSinceMs = known?.held === holds ? known.heldSinceMs : nowMs;
          return [day, { held: holds, heldSinceMs, sinceMs: known?.sinceMs ?? nowMs }];
        }),
      );
      return [...waiting]
        .filter(
          ([, { heldSinceMs, sinceMs }]) =>
            nowMs - heldSinceMs >= restMs || nowMs - sinceMs >= longestRestlessMs,
        )
        .map(([day]) => day)
        .sort((one, other) => other - one);
    },
    built(days) {
      for (const day of days) waiting.delete(day);
    },
  };
}
