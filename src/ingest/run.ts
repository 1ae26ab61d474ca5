import type { Day } from '../records/day.ts';

export const runStatuses = ['queued', 'running', 'succeeded', 'partial', 'failed', 'cancelled'] as const;
/**
 * `partial`: the source broke off; the records before that are stored. `failed`: nothing was stored. Either way the same
 * call again completes it.
 */
export type RunStatus = (typeof runStatuses)[number];

export const ingestModes = ['upsert'] as const;
export type IngestMode = (typeof ingestModes)[number];

/** One run of one source: who, what, when, and what came of it. */
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
  readonly requestedBy: string;
  readonly requestId: string;
  readonly since: Day | undefined;
  readonly until: Day | undefined;
  readonly status: RunStatus;
  /** Epoch milliseconds, like the two below. */
  readonly createdAt: number;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  readonly recordsRead: number;
  /** Records that ClickHouse has acknowledged: read = written + skipped + rejected once a run has succeeded. */
  readonly recordsWritten: number;
  /** By reason: neither wrong nor stored as a row of their own. */
  readonly recordsSkipped: Readonly<Record<string, number>>;
  readonly recordsRejected: Readonly<Record<string, number>>;
  readonly repairs: Readonly<Record<string, number>>;
  /** Bytes of the feed, decompressed. */
  readonly bytesRead: number;
  /** Empty when all went well. */
  readonly errorCode: string;
  readonly errorMessage: string;
}

export const isFinished = (run: IngestRun): boolean => run.status !== 'queued' && run.status !== 'running';
