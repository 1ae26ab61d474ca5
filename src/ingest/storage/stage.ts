import type { DayRange } from '../../metrics/query.ts';
import type { Day } from '../../records/day.ts';
import type { DayChanges, IngestMode } from '../runs/run.ts';

/** Rows by day that take the place of those of other sources, and these sources. */
export interface Overlap {
  readonly days: ReadonlyMap<Day, number>;
  readonly sources: ReadonlySet<string>;
}

interface StageProgress {
  /** Records added, duplicates included, those that could not be read not. */
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
  /** Of ads, by day: rows that gave way to another of their key though nothing says that they are older. */
  readonly folded?: ReadonlyMap<Day, number>;
  /** Of ads, once `changes` or `apply` has looked: rows with the key of one that others have stored. */
  readonly overlap?: Overlap;
  /** Days that the feed has returned. */
  readonly days: ReadonlySet<Day>;
}

/** What a run is about. */
export interface Extent {
  readonly mode: IngestMode;
  /** Days that are left as they are, whatever was staged for them. */
  readonly skipDays?: ReadonlySet<Day>;
  /** Days of which some record could not be read, not even its key: none of their stored records counts as gone. */
  readonly unclearDays?: ReadonlySet<Day> | 'all';
  /** Range that the source has answered whole: with `replace`, ads rows of days that the feed does not have are gone, too. */
  readonly wholeRange?: DayRange | undefined;
}

/** How much there is. */
export interface Weight {
  readonly rows: number;
  /** Sum over all currencies; 0 for CRM records. */
  readonly cost: number;
}

/** What a source has stored and what a run would leave of it, at a first look. */
export interface Weights {
  readonly stored: Weight;
  readonly staged: Weight;
  /** How many days that is about; undefined: all of the source's. */
  readonly days: number | undefined;
}

const none: Weight = { rows: 0, cost: 0 };
export const takesNothing: Weights = { stored: none, staged: none, days: 0 };

export interface ApplyOptions extends Extent {
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
  /** Stored records that went: the source no longer has them (`replace`), or says that they are deleted. */
  readonly removed: number;
  /** Records that say that they are deleted, whether anything of them was stored or not. Of CRM records only. */
  readonly deleted?: number;
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
export interface RunStage<T> {
  add(record: T): void;
  /** True when `send` should be called before more is added. */
  readonly full: boolean;
  /** Starts storing what has been collected; waits for the store only while earlier batches are on their way. */
  send(): Promise<void>;
  /** Stores the rest. When it resolves, everything added is staged. */
  finish(): Promise<void>;
  progress(): StageProgress;
  /** What `apply` would change, by day, in the order of time; days without a change are not in it. Nothing is written. */
  changes(extent: Extent): Promise<DayChanges[]>;
  /**
   * With `replace`: what the source has stored on the days that `apply` would change, and what was staged for them. With
   * `upsert`: all that it has stored, and what the deletions of the run would leave.
   */
  weigh(extent: Extent): Promise<Weights>;
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

interface WriterProgress {
  /** Records that ClickHouse has acknowledged, duplicates not counted. */
  readonly written: number;
  /** Rows whose key the feed had before: with the same figures (one row), or with others (the last wins, and spend may be missing). */
  readonly duplicates: { readonly identical: number; readonly conflicting: number };
  /** By day, of ads rows: the conflicting ones. */
  readonly conflicts?: ReadonlyMap<Day, number>;
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
