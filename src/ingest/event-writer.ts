import { bind } from '../clickhouse/sql.ts';
import type { Columns, Store } from '../clickhouse/store.ts';
import type { Day } from '../records/day.ts';
import type { Event } from '../records/event.ts';
import { DayBatches } from './day-batches.ts';
import { RowEncoder } from './row-binary.ts';
import { SeenKeys } from './seen-keys.ts';
import type { RecordWriter } from './writer.ts';

const table = 'events';
// The key's columns first, then the rest: `SeenKeys` takes them as two stretches of bytes.
const columns = {
  date: 'Date',
  service: 'String',
  timestamp: 'DateTime64(3)',
  event_id: 'String',
  message: 'String',
  metadata: 'String',
  utm_campaign: 'String',
  utm_source: 'String',
  utm_medium: 'String',
  utm_content: 'String',
  utm_term: 'String',
  extra: 'String',
  version: 'UInt64',
} as const satisfies Columns;

/** An event and when it came, microseconds: of two with one key the later stays. */
export type VersionedEvent = Event & { readonly version: number };

/** Writes events in day batches, in the order in which they come. Replays are harmless: the same key is the same row. */
export function createEventWriter(options: {
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
  let written = 0;
  let sending: Promise<void> = Promise.resolve();

  const encode = (event: VersionedEvent): void => {
    encoder.start();
    encoder.uint16(event.day);
    encoder.text(event.service);
    encoder.int64(event.timestamp);
    encoder.text(event.eventId);
    const keyEnd = encoder.length;
    encoder.text(event.message);
    encoder.text(event.metadata);
    encoder.text(event.utmCampaign);
    encoder.text(event.utmSource);
    encoder.text(event.utmMedium);
    encoder.text(event.utmContent);
    encoder.text(event.utmTerm);
    encoder.text(event.extra);
    encoder.padWord();
    const state = seen.add(event.day, encoder.words, keyEnd, encoder.length);
    if (state !== 'new') duplicates[state] += 1;
    encoder.uint64(event.version);
  };

  /** One INSERT at a time, so that of two events with one key the last wins, while the next batch is being filled. */
  const send = async (): Promise<void> => {
    await sending;
    const batch = batches.take();
    for (const day of batch.days) touched.add(day);
    sending = store.insert(table, columns, 'RowBinary', batch.chunks, { requestId, constants }).then(() => {
      written += batch.rows;
      batches.recycle(batch);
    });
    // A failure is thrown by the next wait; until then it must not count as unhandled.
    sending.catch(() => undefined);
  };

  return {
    add(event) {
      encode(event);
      batches.add(event.day, encoder);
    },
    get full() {
      return batches.full;
    },
    send,
    async finish() {
      while (!batches.isEmpty) await send();
      await sending;
    },
    progress: () => ({
      written: Math.max(0, written - duplicates.identical - duplicates.conflicting),
      duplicates,
      touched,
      duplicatesUnchecked: seen.overflowed,
    }),
  };
}
