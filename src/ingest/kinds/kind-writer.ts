import type { Lock } from '../../clickhouse/leases/store-lock.ts';
import type { Store } from '../../clickhouse/store.ts';
import type { RecordKind } from '../../records/contract.ts';
import type { RecordWriter } from '../storage/stage.ts';
import { createAdsWriter } from './ad-performance.ts';
import { createEventWriter } from './event.ts';
import type { KindRecord } from './kinds.ts';
import { createOpportunityWriter } from './opportunity.ts';

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

/** A writer for records of one kind, each with a version of its own (microseconds). */
export interface KindWriter extends Omit<RecordWriter<KindRecord>, 'add'> {
  add(record: KindRecord, version: number): void;
}

/** The writer for records of a kind; records of other kinds are not its business. */
export function createKindWriter(kind: RecordKind, options: KindWriterOptions): KindWriter {
  switch (kind) {
    case 'ad_performance': {
      const writer = createAdsWriter(options);
      return withAdd(writer, (entry, version) => {
        if (entry.kind === kind) writer.add(asOf(entry.record, version, options.version));
      });
    }
    case 'opportunity': {
      const writer = createOpportunityWriter(options);
      return withAdd(writer, (entry, version) => {
        if (entry.kind === kind) writer.add(asOf(entry.record, version, options.version));
      });
    }
    case 'event': {
      const writer = createEventWriter(options);
      return withAdd(writer, (entry, version) => {
        if (entry.kind === kind) writer.add({ ...entry.record, version });
      });
    }
    default:
      return kind satisfies never;
  }
}

const withAdd = (writer: Omit<RecordWriter<never>, 'add'>, add: KindWriter['add']): KindWriter => ({
  add,
  get full() {
    return writer.full;
  },
  send: () => writer.send(),
  finish: () => writer.finish(),
  progress: () => writer.progress(),
});

/** The record as it was true at `version`: the writers take a record's own time from `updatedAt`. */
function asOf<T extends { readonly updatedAt: number | undefined }>(
  record: T,
  version: number,
  newest: number,
): T {
  if (version >= newest) return record;
  const at = Math.floor(version / 1_000);
  return { ...record, updatedAt: Math.min(record.updatedAt ?? at, at) };
}
