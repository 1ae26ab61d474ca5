import { z } from 'zod';
import type { Columns } from '../../clickhouse/store.ts';

/** A row of `rejected_records`, as it is inserted. */
const rejectRow = z.object({
  workspace: z.string(),
  date: z.string(),
  run_id: z.string(),
  position: z.number(),
  line: z.number(),
  source: z.string(),
  namespace: z.string(),
  reading: z.string(),
  kind: z.string(),
  reason: z.string(),
  field: z.string(),
  detail: z.string(),
  record: z.string(),
  request_id: z.string(),
  rejected_at: z.string(),
  version: z.number(),
  is_deleted: z.number(),
});
export type RejectRow = z.infer<typeof rejectRow>;

export const rejectColumns: Columns = Object.fromEntries(
  Object.keys(rejectRow.shape).map((name) => [name, 'String' as const]),
);

/** A record that could not be stored, and why. */
export interface RejectedRecord {
  readonly workspace: string;
  readonly runId: string;
  /** Which record of the run, from 1. */
  readonly position: number;
  /** Which record of the feed or body that it came in, from 1; in NDJSON the line. */
  readonly line: number;
  readonly source: string;
  /** Of opportunities that were pushed into one. */
  readonly namespace?: string | undefined;
  /** Of pushes, the parameters that say how they are read, as JSON. */
  readonly reading?: string | undefined;
  readonly kind: string;
  readonly requestId: string;
  /** As it came: text where it could not be parsed, else the parsed value. */
  readonly record: unknown;
  readonly reject: Pick<RejectRow, 'reason' | 'field' | 'detail'>;
}

/** @param now epoch milliseconds */
export function toRejectRow(rejected: RejectedRecord, now: number): RejectRow {
  const at = new Date(now).toISOString();
  return {
    workspace: rejected.workspace,
    date: at.slice(0, 10),
    run_id: rejected.runId,
    position: rejected.position,
    line: rejected.line,
    source: rejected.source,
    namespace: rejected.namespace ?? '',
    reading: rejected.reading ?? '',
    kind: rejected.kind,
    reason: rejected.reject.reason,
    field: rejected.reject.field,
    detail: rejected.reject.detail,
    record: textOf(rejected.record),
    request_id: rejected.requestId,
    rejected_at: at,
    version: now * 1_000,
    is_deleted: 0,
  };
}

function textOf(record: unknown): string {
  if (typeof record === 'string') return record;
  try {
    return JSON.stringify(record) ?? '';
  } catch {
    // Nested so deeply that it can be parsed but not written.
    return '(nested too deeply to be kept)';
  }
}
