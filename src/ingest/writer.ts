import type { Day } from '../records/day.ts';

export interface WriterProgress {
  /** Records that ClickHouse has acknowledged, duplicates not counted. */
  readonly written: number;
  /** Rows whose key the feed had before: with the same figures (one row), or with others (the last wins, and spend may be missing). */
  readonly duplicates: { readonly identical: number; readonly conflicting: number };
  /** Rows that were left out because the store already holds a newer state. */
  readonly outdated?: number;
  /** Days whose rows have changed, or may have when a write failed half-way. */
  readonly touched: ReadonlySet<Day>;
  /** The feed had more keys than duplicates can be told among. */
  readonly duplicatesUnchecked: boolean;
}

/** Takes records of one feed and stores them in batches. Memory is bounded by the batch, whatever the feed's length. */
export interface RecordWriter<T> {
  add(record: T): void;
  /** True when `send` should be called before more is added. */
  readonly full: boolean;
  /** Starts storing what has been collected; waits for the store only while an earlier batch is on its way. */
  send(): Promise<void>;
  /** Stores the rest. When it resolves, everything added is in ClickHouse. */
  finish(): Promise<void>;
  progress(): WriterProgress;
}
