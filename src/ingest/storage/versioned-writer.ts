import { bind } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import type { Day } from '../../records/day.ts';
import { columnSet } from './column-set.ts';
import { DayBatches } from './day-batches.ts';
import { type RecordTable, type RowFormat, rowFormat } from './record-table.ts';
import { RowEncoder } from './row-binary.ts';
import { SeenKeys } from './seen-keys.ts';
import type { RecordWriter } from './stage.ts';

const maxInFlight = 2;

/** What a writer needs of a record: its day, and when it was true, epoch milliseconds, where it says so. */
interface VersionedRecord {
  readonly day: Day;
  readonly updatedAt: number | undefined;
}

interface VersionedWriterOptions {
  readonly store: Store;
  readonly workspace: string;
  readonly source: string;
  /** Microseconds: when what the source says is true, where rows do not say it themselves. */
  readonly version: number;
  readonly requestId: string;
  readonly capacityBytes: number;
}

/**
 * Returns a function that creates writers of a table. A writer stores rows in day batches while the feed is still being read.
 * Replays are harmless: the same key with the same or a newer version replaces the row.
 */
export function versionedWriter<T extends VersionedRecord>(
  table: RecordTable<T>,
): (options: VersionedWriterOptions) => RecordWriter<T> {
  const row = rowFormat(table, columnSet<{ version: number }>()({ version: 'UInt64' }));
  return (options) => createVersionedWriter(table, row, options);
}

function createVersionedWriter<T extends VersionedRecord>(
  table: RecordTable<T>,
  row: RowFormat<T, { version: number }>,
  options: VersionedWriterOptions,
): RecordWriter<T> {
  const { store } = options;
  const constants = {
    workspace: bind('String', options.workspace),
    source: bind('String', options.source),
    is_deleted: bind('UInt8', 0),
  };
  const encoder = new RowEncoder();
  const batches = new DayBatches(options.capacityBytes);
  const seen = new SeenKeys();
  const touched = new Set<Day>();
  const duplicates = { identical: 0, conflicting: 0 };
  const conflicts = new Map<Day, number>();
  let written = 0;
  const inFlight = new Set<{ readonly days: readonly Day[]; readonly done: Promise<void> }>();

  const noteKey = (keyEnd: number, { day }: T): void => {
    encoder.padWord();
    const state = seen.add(day, encoder.words, keyEnd, encoder.length);
    if (state !== 'new') duplicates[state] += 1;
    if (state === 'conflicting') conflicts.set(day, (conflicts.get(day) ?? 0) + 1);
  };
  const encode = (record: T): void => {
    const version =
      record.updatedAt === undefined ? options.version : Math.min(record.updatedAt * 1_000, options.version);
    encoder.start();
    row.write(encoder, record, { version }, noteKey);
  };

  const send = async (): Promise<void> => {
    const batch = batches.take();
    // Two at a time keep the store busy while rows are encoded; but a day's batches arrive in the order of the feed, so
    // that of two rows with one key the last wins.
    while (
      inFlight.size >= maxInFlight ||
      [...inFlight].some(({ days }) => days.some((day) => batch.days.includes(day)))
    ) {
      await Promise.race([...inFlight].map(({ done }) => done));
    }
    for (const day of batch.days) touched.add(day);
    const done = store
      .insert(table.name, row.columns, 'RowBinary', batch.chunks, {
        requestId: options.requestId,
        changesAnswersOf: [options.workspace],
        constants,
        // Rows can be of equal versions (`updated_at`): what is pushed again after something else was, is to be stored.
        deduplicationSalt: String(options.version),
        rows: batch.rows,
      })
      .then(() => {
        written += batch.rows;
        inFlight.delete(entry);
        batches.recycle(batch);
      });
    const entry = { days: batch.days, done };
    inFlight.add(entry);
    // A failure stays among those in flight, and the next wait throws it; until then it must not count as unhandled.
    done.catch(() => undefined);
  };

  return {
    add(record) {
      encode(record);
      batches.add(record.day, encoder);
    },
    get full() {
      return batches.full;
    },
    send,
    async finish() {
      while (!batches.isEmpty) await send();
      await Promise.all([...inFlight].map(({ done }) => done));
    },
    progress: () => ({
      written: Math.max(0, written - duplicates.identical - duplicates.conflicting),
      duplicates,
      conflicts,
      touched,
      duplicatesUnchecked: seen.overflowed,
    }),
  };
}
