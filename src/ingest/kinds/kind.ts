import type { Lock } from '../../clickhouse/leases/store-lock.ts';
import type { Store } from '../../clickhouse/store.ts';
import type { UtmqlError } from '../../errors.ts';
import type { Day } from '../../records/day.ts';
import type { EventRules } from '../../records/event.ts';
import type { OpportunityRules } from '../../records/opportunity.ts';
import type { Outcome, Repairs } from '../../records/outcome.ts';
import type { RejectedKey } from '../../records/rejected-ad-key.ts';
import type { DuplicateRule } from '../../sources/mapping/feed-rules.ts';
import type { IngestMode } from '../runs/run.ts';
import type { RecordTable } from '../storage/record-table.ts';
import type { RecordWriter, RunStage, StageOptions } from '../storage/stage.ts';

/** Which table has changed: opportunities and events match the ads of their own and earlier days, so a change of ads reaches further. */
export type AttributionSide = 'ads' | 'opportunities' | 'events';

/** What every record has. */
export interface StoredRecord {
  readonly day: Day;
  /** Fields that the contract does not name, as JSON text; empty where there are none. */
  readonly extra: string;
}

/** The rules by which records of any kind are read. */
export type KindRules = OpportunityRules & EventRules;

/** Raw in, a record or the reason against it out. */
export type Normalise<T> = (raw: unknown, repairs: Repairs) => Outcome<T>;

export interface KindWriterOptions {
  readonly store: Store;
  readonly workspace: string;
  readonly source: string;
  /** Whose ids opportunities have. */
  readonly namespace: string;
  /** Microseconds: no record is newer. */
  readonly version: number;
  readonly requestId: string;
  readonly capacityBytes: number;
  /** The lock of all who write opportunities. */
  readonly lock: Lock;
}

/** A writer for records that have versions of their own (microseconds). */
export interface KindWriter<T> extends Omit<RecordWriter<T>, 'add'> {
  add(record: T, version: number): void;
}

interface KindStageOptions extends StageOptions {
  readonly store: Store;
}

/** What becomes of rows that have one key and say something else, where all of a push is needed to tell. */
interface Folding<T> {
  /**
   * One record for those of each key: their sum. Undefined where a sum means nothing.
   *
   * @throws UtmqlError BAD_USER_INPUT where a sum cannot be counted exactly
   */
  readonly sum: ((records: readonly T[]) => readonly T[]) | undefined;
  /** What is wrong with records that may not differ; undefined where none do. */
  conflictOf(records: readonly T[], source: string): UtmqlError | undefined;
  createStage(options: KindStageOptions & { readonly duplicates: DuplicateRule }): RunStage<T>;
}

/** What is known of the run that pulls. */
interface PullOptions extends KindStageOptions {
  readonly rules: OpportunityRules;
  readonly mode: IngestMode;
  /** Undefined where the source's settings do not say. */
  readonly duplicates: DuplicateRule | undefined;
  /** Whose ids opportunities have. */
  readonly namespace: string;
  /** The lock of all who write opportunities. */
  readonly lock: Lock;
}

/** How one run reads and stages records of a kind. */
export interface Pulled<T extends StoredRecord> {
  readonly normalise: Normalise<T>;
  readonly stage: RunStage<T>;
  /** What can still be read of a rejected record. */
  remainsOf(raw: unknown): RejectedKey<T>;
  /** Leaves what is stored of a record as it is. */
  keep(record: T): void;
}

/** A kind of record: all in which it differs from the others. */
export interface Kind<T extends StoredRecord> {
  readonly table: RecordTable<T>;
  /** The variable that says for how many days the kind is kept; undefined: for good. */
  readonly retention: 'DATA_RETENTION_DAYS' | 'EVENT_RETENTION_DAYS' | undefined;
  /** Which days are attributed anew when records of this kind change. */
  readonly attributed: AttributionSide | undefined;
  /** Whether days are merged when they have changed: FINAL reads those faster. */
  readonly isMerged: boolean;
  /** Whether its writer may wait for minutes for a run that has its lock: others are written before. */
  readonly waitsForRuns: boolean;
  /** The field of the contract that says when a record came, where it says nothing of its time. */
  readonly arrivalField: string | undefined;
  /** What a record is known by: two with the same are one row. */
  keyOf(record: T): string;
  /** The day that every key has in it; undefined: records of one key can be of any day. */
  readonly dayOfKey: ((key: string) => Day) | undefined;
  createNormaliser(rules: KindRules): Normalise<T>;
  /** Reads what a rejected record is known by, as `keyOf` has it; undefined where that cannot be read. */
  createRejectedKeyReader(rules: KindRules): (raw: unknown) => string | undefined;
  createWriter(options: KindWriterOptions): KindWriter<T>;
  /** Fields of the contract that a record holds under another name or in another form. */
  rawFieldsOf(record: T): Readonly<Record<string, unknown>>;
  /** The record without its word on when it was last changed. */
  withoutOwnTime(record: T): T;
  /** Undefined: rows of one key are states of one record, and the last counts. */
  readonly folding: Folding<T> | undefined;
}

/** A kind of record that sources have. */
export interface PulledKind<T extends StoredRecord> extends Kind<T> {
  /** Whether the days that a source is asked for are those of its records, and all of them; or, as of a CRM, of their changes. */
  readonly isAskedByDay: boolean;
  openPull(options: PullOptions): Pulled<T>;
}

/** A writer to which records are added in another way. */
export const withAdd = <T>(
  writer: Omit<RecordWriter<never>, 'add'>,
  add: KindWriter<T>['add'],
): KindWriter<T> => ({
  add,
  get full() {
    return writer.full;
  },
  send: () => writer.send(),
  finish: () => writer.finish(),
  progress: () => writer.progress(),
});

/** A writer of records that take their version from `updatedAt`: each is as it was true at the version it is added with. */
export const withVersions = <T extends { readonly updatedAt: number | undefined }>(
  writer: RecordWriter<T>,
  newest: number,
): KindWriter<T> =>
  withAdd(writer, (record, version) => {
    const at = Math.floor(version / 1_000);
    const isNewest = version >= newest;
    writer.add(isNewest ? record : { ...record, updatedAt: Math.min(record.updatedAt ?? at, at) });
  });
