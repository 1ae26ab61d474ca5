import type { Day } from '../../records/day.ts';
import type { RollupSet } from './sets.ts';

/** What rollups can answer at one moment. */
export interface CurrentRollups {
  /** The smallest first. */
  readonly sets: readonly RollupSet[];
  /** Hash of the sets: builds of other sets do not count. */
  readonly definition: string;
  /** Days whose tables hold something else than what was built, in ascending order. All other days can be answered. */
  readonly stale: readonly Day[];
  /** First days of the months that can be answered as a whole. */
  readonly months: ReadonlySet<Day>;
}

/** What metrics are read from where a rollup has their dimensions. */
export interface Rollups {
  readonly sets: readonly RollupSet[];
  /**
   * What they can answer at some moment after the call.
   *
   * @throws UtmqlError STORE_UNAVAILABLE or TIMEOUT
   */
  look(): Promise<CurrentRollups>;
}
