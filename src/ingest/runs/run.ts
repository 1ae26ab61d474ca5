import type { Day } from '../../records/day.ts';

export const runStatuses = [
  'queued',
  'running',
  'succeeded',
  'partial',
  'held',
  'failed',
  'cancelled',
] as const;
/**
 * `partial`: the source broke off, and the records before that are stored; or, without an error, some records of a `replace`
 * could not be read, and what is stored of them stays. `held`: nothing was stored; the run would take a lot away, and waits for
 * somebody's word. `failed`: nothing was stored.
 */
export type RunStatus = (typeof runStatuses)[number];

export const ingestModes = ['upsert', 'replace'] as const;
/** `upsert` adds and changes records; `replace` also deletes what the source no longer has on the days that it returned. */
export type IngestMode = (typeof ingestModes)[number];

/** What a dry run would have changed on one day. Costs are sums over all currencies; 0 for CRM records. */
export interface DayChanges {
  readonly day: Day;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly costBefore: number;
  readonly costAfter: number;
}

/** One run of one source, or a window of pushed records: who, what, when, and what came of it. */
export interface IngestRun {
  /** UUIDv7: sorts by time. */
  readonly id: string;
  readonly workspace: string;
  /** Shared by the runs of one `triggerIngest`. */
  readonly triggerId: string;
  /** Empty without one. */
  readonly idempotencyKey: string;
  readonly source: string;
  readonly mode: IngestMode;
  /** Reports what would change and writes nothing. */
  readonly dryRun: boolean;
  /** Waits as `held` where it would take a lot away. */
  readonly guard: boolean;
  /** Id of the run whose landed data this one reads again; empty for others. */
  readonly replayOf: string;
  /** What an export asks, as JSON (`ExportQuestion`); empty for others. */
  readonly question: string;
  readonly requestedBy: string;
  readonly requestId: string;
  /** The process that works on it; the same one finds it after a crash. */
  readonly owner: string;
  /** 1, and one more for each time that it was taken up again after a crash. */
  readonly attempt: number;
  /** Earlier runs of its source that the same call, by its idempotency key, has started. */
  readonly retry: number;
  readonly since: Day | undefined;
  readonly until: Day | undefined;
  /** First day asked for where the caller named none. Older days that the source sends all the same are taken, too. */
  readonly overlapFrom: Day | undefined;
  readonly status: RunStatus;
  /** Epoch milliseconds, like the two below. */
  readonly createdAt: number;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  readonly recordsRead: number;
  /** Records that ClickHouse holds as the source says: read = written + skipped + rejected once a run has succeeded. */
  readonly recordsWritten: number;
  /** Of those written, the ones that were new or different. */
  readonly recordsChanged: number;
  /** Stored records that the source no longer has, deleted by `replace`. */
  readonly recordsRemoved: number;
  /** By reason: neither wrong nor stored as a row of their own. */
  readonly recordsSkipped: Readonly<Record<string, number>>;
  readonly recordsRejected: Readonly<Record<string, number>>;
  readonly repairs: Readonly<Record<string, number>>;
  /** Fields that no record contract names, by name. */
  readonly unknownFields: Readonly<Record<string, number>>;
  /** By day, rows that gave way to another of their key though nothing says that they are older: spend may be missing. */
  readonly folded: ReadonlyMap<Day, number>;
  /** By day, records with a key that another configured source, or a push, had stored. */
  readonly overwritten: ReadonlyMap<Day, number>;
  readonly overwrittenSources: readonly string[];
  /** Of a feed’s columns the share of records with a value, 0 to 1; none where too few records came to tell. */
  readonly columns: Readonly<Record<string, number>>;
  /** What to mind about the run though it may have gone well, in sentences. */
  readonly warnings: readonly string[];
  /** Days that the source returned. */
  readonly days: readonly Day[];
  /** Of a dry run, and of one that is held: what would change, by day. */
  readonly changes: readonly DayChanges[];
  /** Up to which day the source's data are complete, as far as runs can tell; set when the run ends well. */
  readonly watermark: Day | undefined;
  /** Bytes of the feed, decompressed. */
  readonly bytesRead: number;
  /** Empty when all went well. */
  readonly errorCode: string;
  readonly errorMessage: string;
}

type RunStart = Pick<
  IngestRun,
  'id' | 'workspace' | 'triggerId' | 'source' | 'mode' | 'requestedBy' | 'requestId' | 'owner' | 'createdAt'
>;

/** A run that has done nothing yet. */
export const newRun = (start: RunStart & Partial<IngestRun>): IngestRun => ({
  idempotencyKey: '',
  dryRun: false,
  guard: true,
  replayOf: '',
  question: '',
  attempt: 1,
  retry: 0,
  since: undefined,
  until: undefined,
  overlapFrom: undefined,
  status: 'queued',
  startedAt: undefined,
  finishedAt: undefined,
  recordsRead: 0,
  recordsWritten: 0,
  recordsChanged: 0,
  recordsRemoved: 0,
  recordsSkipped: {},
  recordsRejected: {},
  repairs: {},
  unknownFields: {},
  folded: new Map(),
  overwritten: new Map(),
  overwrittenSources: [],
  columns: {},
  warnings: [],
  days: [],
  changes: [],
  watermark: undefined,
  bytesRead: 0,
  errorCode: '',
  errorMessage: '',
  ...start,
});

/** The source was read to its end, and what could be read is stored. */
export const endedWell = (run: IngestRun): boolean =>
  run.status === 'succeeded' || (run.status === 'partial' && run.errorCode === '');

/** One that is held has ended, too: it goes on when somebody approves it. */
export const isFinished = (run: IngestRun): boolean => run.status !== 'queued' && run.status !== 'running';
