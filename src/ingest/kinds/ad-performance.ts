import { bind } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import { type AdPerformance, createAdPerformanceNormaliser } from '../../records/ad-performance.ts';
import { type Day, formatDay } from '../../records/day.ts';
import { createRejectedAdKeyReader } from '../../records/rejected-ad-key.ts';
import { columnSet } from '../storage/column-set.ts';
import { DayBatches } from '../storage/day-batches.ts';
import { rowFormat } from '../storage/record-table.ts';
import { RowEncoder } from '../storage/row-binary.ts';
import { SeenKeys } from '../storage/seen-keys.ts';
import type { RecordWriter } from '../storage/stage.ts';
import { createAdsStage } from './ad-performance-stage.ts';
import { adPerformanceTable } from './ad-performance-table.ts';
import { conflictOf, sumRows } from './fold-rows.ts';
import { type PulledKind, withVersions } from './kind.ts';

const maxInFlight = 2;
const row = rowFormat(adPerformanceTable, columnSet<{ version: number }>()({ version: 'UInt64' }));

export const adPerformanceKind: PulledKind<AdPerformance> = {
  table: adPerformanceTable,
  retention: 'DATA_RETENTION_DAYS',
  attributed: 'ads',
  isMerged: true,
  waitsForRuns: false,
  arrivalField: undefined,
  keyOf: adPerformanceTable.keyOf,
  // The first of its columns.
  dayOfKey: (key) => Number.parseInt(key.slice(1), 10),
  createNormaliser: createAdPerformanceNormaliser,
  createRejectedKeyReader(rules) {
    const read = createRejectedAdKeyReader(rules);
    return (raw) => {
      const remains = read(raw);
      return remains !== 'nothing' && 'keyed' in remains
        ? adPerformanceTable.keyOf(remains.keyed)
        : undefined;
    };
  },
  createWriter: (options) => withVersions(createAdsWriter(options), options.version),
  rawFieldsOf: ({ day }) => ({ date: formatDay(day) }),
  withoutOwnTime: (record) => ({ ...record, updatedAt: undefined }),
  folding: { sum: sumRows, conflictOf, createStage: createAdsStage },
  isAskedByDay: true,
  openPull({ rules, mode, duplicates = mode === 'replace' ? 'fail' : 'last', ...options }) {
    const stage = createAdsStage({ ...options, duplicates });
    return {
      normalise: createAdPerformanceNormaliser(rules),
      stage,
      remainsOf: createRejectedAdKeyReader(rules),
      keep: (record) => stage.keep(record),
    };
  },
};

/**
 * Writes ads rows in day batches while the feed is still being read.
 * Replays are harmless: the same key with the same or a newer version replaces the row.
 */
export function createAdsWriter(options: {
  store: Store;
  workspace: string;
  source: string;
  /** Microseconds: when what the source says is true, where rows do not say it themselves. */
  version: number;
  requestId: string;
  capacityBytes: number;
}): RecordWriter<AdPerformance> {
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

  const noteKey = (keyEnd: number, { day }: AdPerformance): void => {
    encoder.padWord();
    const state = seen.add(day, encoder.words, keyEnd, encoder.length);
    if (state !== 'new') duplicates[state] += 1;
    if (state === 'conflicting') conflicts.set(day, (conflicts.get(day) ?? 0) + 1);
  };
  const encode = (record: AdPerformance): void => {
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
      .insert(adPerformanceTable.name, row.columns, 'RowBinary', batch.chunks, {
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
