import type { Store } from '../../clickhouse/store.ts';
import { pushSource } from '../../records/names.ts';
import type { Clock } from '../../time.ts';
import { keyOf, kinds } from '../kinds/kinds.ts';
import { createAcceptedKeys, loadOpenRejects } from '../rejects/accepted-keys.ts';
import { type RejectRow, storedKey, storedKeyStart } from '../rejects/reject-row.ts';
import type { RecordPayload } from './payload.ts';

/** Ends rejected records whose keys records of the buffer store. Every step may be repeated. */
export interface EndedRejects {
  /**
   * Looks up which open rejected records have the keys of these records, of one kind, workspace and source. The returned function
   * ends those of records that are stored by then.
   */
  lookFor(records: readonly RecordPayload[]): (stored: readonly RecordPayload[]) => Promise<void>;
  /** The rejects of a batch as they are to be stored: ended, where a record behind them in the batch has their key. */
  inBatch(rows: readonly RejectRow[], records: readonly RecordPayload[]): readonly RejectRow[];
}

export function createEndedRejects(options: { store: Store; clock: Clock; requestId: string }): EndedRejects {
  const { store, clock, requestId } = options;
  const now = (): number => clock.now();

  return {
    lookFor(records) {
      const [first] = records;
      if (first === undefined) return async () => undefined;
      const { workspace, kind } = first;
      const keys = (): string[] => [...new Set(records.map(keyIn))];
      const looking = loadOpenRejects(store, { workspace, kind, keys }, requestId);
      // A failure is thrown when it is asked for; until then it must not count as unhandled.
      looking.catch(() => undefined);
      return async (stored) => {
        const { dayOfKey } = kinds[kind];
        const isOf = (source: string): boolean => endsThoseOf(first, source);
        const accepted = createAcceptedKeys(await looking, {
          store,
          workspace,
          requestId,
          now,
          isOf,
          dayOfKey,
        });
        for (const record of stored) accepted.see(record.record.day, () => keyIn(record), record.version);
        await accepted.settle(first.source);
      };
    },
    inBatch(rows, records) {
      const isKeyed = ({ state, record_key: key }: RejectRow): boolean =>
        state === 'open' && key.startsWith(storedKeyStart);
      const places = new Set(rows.filter(isKeyed).map(placeOf));
      const behind = records.filter((record) => places.has(placeOf(record)));
      if (behind.length === 0) return rows;
      const byKey = new Map<string, RecordPayload[]>();
      for (const record of behind) {
        const key = placeOf(record) + keyIn(record);
        byKey.set(key, [...(byKey.get(key) ?? []), record]);
      }
      return rows.map((row) => {
        if (!isKeyed(row)) return row;
        const rejectedAt = Date.parse(row.rejected_at) * 1_000;
        const by = (byKey.get(placeOf(row) + row.record_key) ?? []).find(
          (record) => rejectedAt < record.version && endsThoseOf(record, row.source),
        );
        if (by === undefined) return row;
        return {
          ...row,
          state: 'resolved',
          settled_at: new Date(now()).toISOString(),
          settled_by: by.source,
        };
      });
    },
  };
}

const placeOf = ({ workspace, kind }: { readonly workspace: string; readonly kind: string }): string =>
  JSON.stringify([workspace, kind]);

const keyIn = (record: RecordPayload): string =>
  storedKey(record.kind, record.namespace ?? record.source, keyOf(record));

/** What is pushed stands for whatever source; what a source's rejects are tried again as, for its own. */
const endsThoseOf = ({ source }: RecordPayload, rejected: string): boolean =>
  source === pushSource || source === rejected;
