import { jsonRow } from '../../clickhouse/json-row.ts';
import type { Store } from '../../clickhouse/store.ts';
import type { MalformedRecord } from '../../formats/feed/record-batch.ts';
import { type Reject, rejectReasons } from '../../records/outcome.ts';
import type { IngestRun } from '../runs/run.ts';
import { rejectColumns, toRejectRow } from './reject-row.ts';

/** Rejects sent at a time: whichever comes first. */
const batchRows = 1_000;
const batchBytes = 4_194_304;

/** Keeps what could not be stored, with the reason, and counts it. */
export interface RejectWriter {
  /**
   * @param position which record of the run
   * @param record as it came: text where it could not be parsed, else the parsed value
   * @param line which record of its feed or body, where that differs from the position
   */
  add(position: number, record: unknown, reject: Reject, line?: number): void;
  /** Stores what has been collected, when that is a batch or `all`. What could not be stored is sent again with the next. */
  send(all?: boolean): Promise<void>;
  counts(): Record<string, number>;
}

/**
 * @param options.namespace of opportunities that were pushed into one
 * @param options.reading the parameters of a push that say how it is read, as JSON
 * @param options.store undefined: rejects are only counted, for a run that is to change nothing
 */
export function createRejectWriter(options: {
  store: Store | undefined;
  run: Pick<IngestRun, 'id' | 'workspace' | 'source' | 'requestId'>;
  kind: string;
  namespace?: string | undefined;
  reading?: string | undefined;
  now: () => number;
}): RejectWriter {
  const { store, run, kind } = options;
  const counts = new Map<string, number>();
  let pending: Buffer[] = [];
  let bytes = 0;

  return {
    add(position, record, reject, line = position) {
      counts.set(reject.reason, (counts.get(reject.reason) ?? 0) + 1);
      if (store === undefined) return;
      const row = toRejectRow(
        {
          workspace: run.workspace,
          runId: run.id,
          position,
          line,
          source: run.source,
          namespace: options.namespace,
          reading: options.reading,
          kind,
          requestId: run.requestId,
          record,
          reject,
        },
        options.now(),
      );
      const encoded = jsonRow(row);
      pending.push(encoded);
      bytes += encoded.length;
    },
    async send(all = false) {
      if (
        store === undefined ||
        pending.length === 0 ||
        (!all && pending.length < batchRows && bytes < batchBytes)
      )
        return;
      const body = pending;
      pending = [];
      bytes = 0;
      try {
        await store.insert('rejected_records', rejectColumns, 'JSONEachRow', body, {
          requestId: run.requestId,
          changesAnswersOf: [run.workspace],
        });
      } catch (error) {
        pending = [...body, ...pending];
        for (const row of body) bytes += row.length;
        throw error;
      }
    },
    counts: () => Object.fromEntries(counts),
  };
}

/** What a record that could not be read is rejected with. */
export function rejectOf({ reason, detail }: MalformedRecord): Reject {
  const code = reason === 'record_too_large' ? 'record_too_large' : 'malformed';
  return { reason: code, field: '', detail: detail ?? rejectReasons[code] };
}
