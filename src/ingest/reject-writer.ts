import { columnsOf, type Store } from '../clickhouse/store.ts';
import type { Reject } from '../records/outcome.ts';
import type { IngestRun } from './run.ts';

/** Rejects sent at a time. */
const batchSize = 1_000;

/** Keeps what could not be stored, with the reason, and counts it. */
export interface RejectWriter {
  /** @param record as it came: text where it could not be parsed, else the parsed value */
  add(position: number, record: unknown, reject: Reject): void;
  /** Stores what has been collected, when that is a batch or `all`. */
  send(all?: boolean): Promise<void>;
  counts(): Record<string, number>;
}

export function createRejectWriter(options: {
  store: Store;
  run: IngestRun;
  kind: string;
  now: () => number;
}): RejectWriter {
  const { store, run, kind } = options;
  const counts = new Map<string, number>();
  let pending: Record<string, unknown>[] = [];

  return {
    add(position, record, reject) {
      counts.set(reject.reason, (counts.get(reject.reason) ?? 0) + 1);
      const at = new Date(options.now()).toISOString();
      pending.push({
        workspace: run.workspace,
        date: at.slice(0, 10),
        run_id: run.id,
        position,
        source: run.source,
        kind,
        reason: reject.reason,
        field: reject.field,
        detail: reject.detail,
        record: textOf(record),
        rejected_at: at,
        version: options.now() * 1_000,
        is_deleted: 0,
      });
    },
    async send(all = false) {
      const [first] = pending;
      if (first === undefined || (!all && pending.length < batchSize)) return;
      const body = pending.map((row) => Buffer.from(`${JSON.stringify(row)}\n`));
      pending = [];
      await store.insert('rejected_records', columnsOf(first), 'JSONEachRow', body, {
        requestId: run.requestId,
      });
    },
    counts: () => Object.fromEntries(counts),
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
