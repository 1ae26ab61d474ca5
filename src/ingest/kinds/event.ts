import { z } from 'zod';
import { bind, sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import { type Day, formatDay } from '../../records/day.ts';
import { createEventNormaliser, type Event } from '../../records/event.ts';
import { createRejectedIdReader } from '../../records/rejected-id.ts';
import { columnSet } from '../storage/column-set.ts';
import { DayBatches } from '../storage/day-batches.ts';
import { rowFormat } from '../storage/record-table.ts';
import { RowEncoder } from '../storage/row-binary.ts';
import { SeenKeys } from '../storage/seen-keys.ts';
import type { RecordWriter } from '../storage/stage.ts';
import { eventTable } from './event-table.ts';
import { type Kind, withAdd } from './kind.ts';

const row = rowFormat(eventTable, columnSet<{ version: number }>()({ version: 'UInt64' }));

/** An event and when it came, microseconds: of two with one key the later stays. */
type VersionedEvent = Event & { readonly version: number };

export const eventKind: Kind<Event> = {
  table: eventTable,
  retention: 'EVENT_RETENTION_DAYS',
  attributed: 'events',
  isMerged: false,
  waitsForRuns: false,
  arrivalField: 'timestamp',
  keyOf: ({ eventId }) => eventId,
  dayOfKey: undefined,
  createNormaliser: createEventNormaliser,
  createRejectedKeyReader: (rules) => createRejectedIdReader('event_id', rules),
  createWriter(options) {
    const writer = createEventWriter(options);
    return withAdd(writer, (event, version) => writer.add({ ...event, version }));
  },
  rawFieldsOf: ({ timestamp }) => ({ timestamp: new Date(timestamp).toISOString() }),
  withoutOwnTime: (event) => event,
  folding: undefined,
};

/** Events that are looked up at a time. */
const lookUpSize = 5_000;

/** For how long after its arrival a repeat of an event without a timestamp of its own is known. */
const repeatDays = 3;

const storedId = z.object({ event_id: z.string() });

/**
 * Writes events in day batches, in the order in which they come. Replays are harmless: the same key is the same row. Events
 * that are dated by their arrival are looked up by their ids first, since a repeat has another timestamp and so another key.
 */
function createEventWriter(options: {
  store: Store;
  workspace: string;
  requestId: string;
  capacityBytes: number;
}): RecordWriter<VersionedEvent> {
  const { store, requestId } = options;
  const constants = { workspace: bind('String', options.workspace), is_deleted: bind('UInt8', 0) };
  const encoder = new RowEncoder();
  const batches = new DayBatches(options.capacityBytes);
  const seen = new SeenKeys();
  const touched = new Set<Day>();
  const duplicates = { identical: 0, conflicting: 0 };
  /** Dated by their arrival, by id, each until it is looked up. */
  let undated = new Map<string, VersionedEvent>();
  /** Undated events that were left out, since they had come before. */
  let repeats = 0;
  let written = 0;
  let sending: Promise<void> = Promise.resolve();

  const noteKey = (keyEnd: number, { day }: Event): void => {
    encoder.padWord();
    const state = seen.add(day, encoder.words, keyEnd, encoder.length);
    if (state !== 'new') duplicates[state] += 1;
  };
  const encode = (event: VersionedEvent): void => {
    encoder.start();
    row.write(encoder, event, event, noteKey);
  };

  const put = (event: VersionedEvent): void => {
    encode(event);
    batches.add(event.day, encoder);
  };

  const putUndated = async (): Promise<void> => {
    if (undated.size === 0) return;
    const events = undated;
    undated = new Map();
    const oldest = [...events.values()].reduce(
      (day, event) => Math.min(day, event.day),
      Number.MAX_SAFE_INTEGER,
    );
    const stored = await store.select(
      storedId,
      sql`SELECT event_id FROM events
          WHERE workspace = ${constants.workspace} AND date >= ${bind('Date', formatDay(oldest - repeatDays))}
            AND event_id IN (${bind('Array(String)', [...events.keys()])})`,
      { requestId, settings: { max_rows_to_read: '0' } },
    );
    for (const { event_id: id } of stored) if (events.delete(id)) repeats += 1;
    for (const event of events.values()) put(event);
  };

  /** One INSERT at a time, so that of two events with one key the last wins, while the next batch is being filled. */
  const send = async (): Promise<void> => {
    await putUndated();
    await sending;
    if (batches.isEmpty) return;
    const batch = batches.take();
    for (const day of batch.days) touched.add(day);
    const { rows } = batch;
    sending = store
      .insert(eventTable.name, row.columns, 'RowBinary', batch.chunks, {
        requestId,
        changesAnswersOf: [options.workspace],
        constants,
        rows,
      })
      .then(() => {
        written += batch.rows;
        batches.recycle(batch);
      });
    // A failure is thrown by the next wait; until then it must not count as unhandled.
    sending.catch(() => undefined);
  };

  return {
    add(event) {
      if (event.isDatedByArrival !== true) put(event);
      else if (undated.has(event.eventId)) repeats += 1;
      else undated.set(event.eventId, event);
    },
    get full() {
      return batches.full || undated.size >= lookUpSize;
    },
    send,
    async finish() {
      await putUndated();
      while (!batches.isEmpty) await send();
      await sending;
    },
    progress: () => ({
      written: Math.max(0, written - duplicates.identical - duplicates.conflicting),
      duplicates: { ...duplicates, identical: duplicates.identical + repeats },
      touched,
      duplicatesUnchecked: seen.overflowed,
    }),
  };
}
