import { jsonRow } from '../../clickhouse/json-row.ts';
import type { Store } from '../../clickhouse/store.ts';
import type { MalformedRecord } from '../../formats/feed/record-batch.ts';
import { type Reject, rejectReasons } from '../../records/outcome.ts';
import type { IngestRun } from '../runs/run.ts';
import {
  hasOpenRejects,
  type KnownHistory,
  type RejectHistory,
  withHistory,
  withoutHistory,
} from './earlier-rejects.ts';
import { type RejectRow, rejectColumns, toRejectRow } from './reject-row.ts';

/** Rejects sent at a time: whichever comes first. */
const batchRows = 1_000;
const batchBytes = 4_194_304;

/** Keeps what could not be stored, with the reason, and counts it. */
export interface RejectWriter {
  /**
   * @param position which record of the run
   * @param record as it came: text where it could not be parsed, else the parsed value
   * @param place.line which record of its feed or body, where that differs from the position
   * @param place.key what it is known by (`storedKey`), where that could be read
   */
  add(
    position: number,
    record: unknown,
    reject: Reject,
    place?: { readonly line?: number; readonly key?: string | undefined },
  ): void;
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
  let pending: RejectRow[] = [];
  let bytes = 0;
  /** Asked once, so that a feed of nothing but rejects, the first of its kind, is not looked up a batch at a time. */
  let mayHaveEarlier: Promise<boolean> | undefined;
  const histories: KnownHistory = new Map();

  const historyOf = async (known: Store, rows: readonly RejectRow[]): Promise<RejectHistory> => {
    const of = { workspace: run.workspace, source: run.source, kind };
    mayHaveEarlier ??= hasOpenRejects(known, of, run.requestId).catch((error: unknown) => {
      mayHaveEarlier = undefined;
      throw error;
    });
    return (await mayHaveEarlier) ? withHistory(known, rows, run.requestId, histories) : withoutHistory(rows);
  };

  return {
    add(position, record, reject, { line = position, key } = {}) {
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
          key,
          record,
          reject,
        },
        options.now(),
      );
      pending.push(row);
      bytes += row.record.length;
    },
    async send(all = false) {
      if (
        store === undefined ||
        pending.length === 0 ||
        (!all && pending.length < batchRows && bytes < batchBytes)
      )
        return;
      const rows = pending;
      pending = [];
      bytes = 0;
      try {
        const history = await historyOf(store, rows);
        await store.insert('rejected_records', rejectColumns, 'JSONEachRow', history.rows.map(jsonRow), {
          requestId: run.requestId,
          changesAnswersOf: [run.workspace],
        });
        await history.replaceEarlier();
      } catch (error) {
        // Earlier rejects may still be there: they are looked for again.
        histories.clear();
        pending = [...rows, ...pending];
        for (const { record } of rows) bytes += record.length;
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
