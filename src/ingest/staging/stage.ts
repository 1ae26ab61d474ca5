import type { Day } from '../../records/day.ts';
import type { DayChanges, IngestMode } from '../run.ts';

export interface StageProgress {
  /** Records added, duplicates included. */
  readonly staged: number;
  /**
   * Rows whose key the feed had before: with the same figures (one row), or with others (the last wins, and spend may be
   * missing). All of them, once `changes` or `apply` has looked; none before.
   */
  readonly duplicates: {
    readonly identical: number;
    readonly conflicting: number;
    /** Of ads: rows that were added to the row of their key. */
    readonly summed?: number;
  };
  /** Days that the feed has returned. */
  readonly days: ReadonlySet<Day>;
}

export interface ApplyOptions {
  readonly mode: IngestMode;
  /** Days that are left as they are, whatever was staged for them. */
  readonly skipDays?: ReadonlySet<Day>;
  /** Awaited before rows of these days are written; called once or more, each day once. */
  onDays(days: readonly Day[]): Promise<void>;
  /** Heeded between statements: each changes whole days. */
  readonly signal: AbortSignal;
}

export interface Applied {
  /** Records that are now stored as the feed says, those that already were included; duplicates not counted. */
  readonly written: number;
  /** Of those, the ones that were new or different. */
  readonly changed: number;
  /** Stored records that the source no longer has, deleted by `replace`. */
  readonly removed: number;
  /** Records left out because the store holds a newer state of them. */
  readonly outdated: number;
  /** Records left out because of `skipDays`. */
  readonly superseded: number;
  /** Days whose rows have changed. */
  readonly touched: ReadonlySet<Day>;
}

/**
 * Takes the records of one run into tables of their own, in any order, until the feed has ended; then writes what differs
 * from what is stored. Each day's difference is one part of the table: readers see the day before it or after it.
 */
export interface Stage<T> {
  add(record: T): void;
  /** True when `send` should be called before more is added. */
  readonly full: boolean;
  /** Starts storing what has been collected; waits for the store only while earlier batches are on their way. */
  send(): Promise<void>;
  /** Stores the rest. When it resolves, everything added is staged. */
  finish(): Promise<void>;
  progress(): StageProgress;
  /** What `apply` would change, by day, in the order of time; days without a change are not in it. Nothing is written. */
  changes(options: Pick<ApplyOptions, 'mode' | 'skipDays'>): Promise<DayChanges[]>;
  /** Writes the difference. Call it once, after `finish`. May be called again after an error: what is written stays so. */
  apply(options: ApplyOptions): Promise<Applied>;
  /** Drops the staged rows. */
  discard(): Promise<void>;
}

export interface StageOptions {
  /** UUID. */
  readonly runId: string;
  readonly workspace: string;
  readonly source: string;
  /** Microseconds: when what the source says was true; above those of the source's earlier runs. */
  readonly version: number;
  readonly requestId: string;
  /** Encoded rows held at most, while two batches as large are on their way. */
  readonly capacityBytes: number;
}
