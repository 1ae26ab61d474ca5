import type { Day } from '../../records/day.ts';
import type { RowsOfDays } from '../query-weight.ts';
import type { RollupPeriod, RollupSet } from './sets.ts';

/** What rollups can answer at one moment. */
export interface CurrentRollups {
  /** The smallest first. */
  readonly sets: readonly RollupSet[];
  readonly rows: RowsOfDays;
  /** Days of which the tables hold something else than what was built, in ascending order. */
  readonly stale: readonly Day[];
  /**
   * By day, and by first day of a month that can be answered as a whole: the number of the build that holds what the tables
   * do. Its rows stay for some minutes after another build counts. Nothing is stored on days that are in neither list.
   */
  readonly built: Readonly<Record<RollupPeriod, ReadonlyMap<Day, string>>>;
}

/** What metrics are read from where a rollup has their dimensions. */
export interface Rollups {
  readonly sets: readonly RollupSet[];
  /** Ranges of fewer rows are read from the tables: that is faster than a look. */
  readonly leastRows: number;
  /** What they could answer some seconds ago; undefined before the first look. */
  last(): CurrentRollups | undefined;
  /** The same object as `last`, if the look before it found the same: so will the next, most likely. */
  steady(): CurrentRollups | undefined;
  /**
   * What they can answer at some moment after the call.
   *
   * @throws UtmqlError STORE_UNAVAILABLE or TIMEOUT
   */
  look(): Promise<CurrentRollups>;
}
