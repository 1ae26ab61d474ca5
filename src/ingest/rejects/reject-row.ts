import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Columns } from '../../clickhouse/store.ts';
import type { RecordKind } from '../../records/contract.ts';

/** `resolved`: its key was stored later. `dismissed`: somebody has said that it does not matter. */
export const rejectStates = ['open', 'resolved', 'dismissed'] as const;
export type RejectState = (typeof rejectStates)[number];

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
  record_key: z.string(),
  state: z.enum(rejectStates),
  times: z.number(),
  first_rejected_at: z.string(),
  settled_at: z.string(),
  settled_by: z.string(),
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
  /** What it is known by (`storedKey`), where that could be read. */
  readonly key?: string | undefined;
  /** As it came: text where it could not be parsed, else the parsed value. */
  readonly record: unknown;
  readonly reject: Pick<RejectRow, 'reason' | 'field' | 'detail'>;
}

/** @param now epoch milliseconds */
export function toRejectRow(rejected: RejectedRecord, now: number): RejectRow {
  const at = new Date(now).toISOString();
  const record = textOf(rejected.record);
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
    record,
    request_id: rejected.requestId,
    rejected_at: at,
    record_key: rejected.key ?? textKey(record),
    state: 'open',
    times: 1,
    first_rejected_at: at,
    settled_at: new Date(0).toISOString(),
    settled_by: '',
    version: now * 1_000,
    is_deleted: 0,
  };
}

/** Of a record whose key cannot be read: that it has come before is told by its text. */
const textKey = (record: string): string => `text ${createHash('sha256').update(record).digest('hex')}`;

/** How the keys begin that stored records can have. */
export const storedKeyStart = 'key ';

/**
 * What a record is known by among the rejected ones.
 *
 * @param namespace whose ids opportunities have; other records have none
 * @param key by `Kind.keyOf`
 */
export const storedKey = (kind: RecordKind, namespace: string, key: string): string =>
  kind === 'opportunity' ? `${storedKeyStart}${namespace} ${key}` : `${storedKeyStart}${key}`;

function textOf(record: unknown): string {
  if (typeof record === 'string') return record;
  try {
    return JSON.stringify(record) ?? '';
  } catch {
    // Nested so deeply that it can be parsed but not written.
    return '(nested too deeply to be kept)';
  }
}
