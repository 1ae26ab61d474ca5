import { bind, sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import { UtmqlError } from '../../errors.ts';
import type { Day } from '../../records/day.ts';
import { RowEncoder } from '../row-binary.ts';
import { columnSet } from '../storage/column-set.ts';
import type { RowFormat } from '../storage/record-table.ts';
import { dropRun } from './stale-stages.ts';

const chunkBytes = 256 * 1_024;
const maxInFlight = 2;

/** Collects encoded rows and inserts them into a staging table, in the order of the feed and whatever their days. */
export interface StagedRows<T, Note> {
  add(record: T, note: Note): void;
  readonly full: boolean;
  send(): Promise<void>;
  finish(): Promise<void>;
  readonly count: number;
  /** How many rows each day has. */
  readonly days: ReadonlyMap<Day, number>;
  /** Waits for what is on its way and drops the run's rows from the staging table and from `others`. */
  discard(others: readonly string[]): Promise<void>;
}

const place = columnSet<{ position: number }>()({ position: 'UInt64' });

/** @param options.row the columns of a row, behind `position`, which is added here */
export function createStagedRows<T extends { readonly day: Day }, Note>(options: {
  store: Store;
  table: string;
  row: RowFormat<T, Note>;
  runId: string;
  requestId: string;
  capacityBytes: number;
}): StagedRows<T, Note> {
  const { store, table, row, runId, requestId } = options;
  const columns = { ...place.columns, ...row.columns };
  const encoder = new RowEncoder();
  const days = new Map<Day, number>();
  const spare: Buffer[] = [];
  const inFlight = new Set<Promise<void>>();
  let chunks: Buffer[] = [];
  let chunk: Buffer | undefined;
  let used = 0;
  let bytes = 0;
  let count = 0;
  /** Of `count`, those that were sent. */
  let sent = 0;
  let cleared: Promise<void> | undefined;

  const closeChunk = (): void => {
    if (chunk !== undefined && used > 0) chunks.push(chunk.subarray(0, used));
    chunk = undefined;
    used = 0;
  };

  /**
   * A run that is begun again after a crash has the id of its first attempt: what that has staged must not count, and a
   * statement of it that a server of one's own still executes must not write after this one's.
   */
  const forgetAttempt = async (): Promise<void> => {
    await store
      .command(
        sql`KILL QUERY${store.layout.onCluster} WHERE startsWith(initial_query_id, ${bind('String', `${runId}.`)}) SYNC`,
        { everywhere: true, settings: store.layout.upkeep },
      )
      // A user may lack the right to look at what runs; such a statement ends by itself in seconds.
      .catch(() => undefined);
    await dropRun(store, table, runId);
  };

  const send = async (): Promise<void> => {
    closeChunk();
    const body = chunks;
    chunks = [];
    bytes = 0;
    if (body.length === 0) return;
    const rows = count - sent;
    sent = count;
    cleared ??= forgetAttempt();
    await cleared;
    while (inFlight.size >= maxInFlight) await Promise.race(inFlight);
    const sending = store
      .insert(table, columns, 'RowBinary', body, {
        requestId,
        constants: { run_id: bind('UUID', runId) },
        rows,
        // A body that arrives twice does no harm: its rows have the positions of the first.
        deduplicate: false,
      })
      .then(() => {
        inFlight.delete(sending);
        for (const { buffer } of body) if (buffer.byteLength === chunkBytes) spare.push(Buffer.from(buffer));
      });
    inFlight.add(sending);
    // A failure stays among those in flight, and the next wait throws it; until then it must not count as unhandled.
    sending.catch(() => undefined);
  };

  return {
    add(record, note) {
      encoder.start();
      count += 1;
      place.write(encoder, { position: count });
      row.write(encoder, record, note);
      const { length } = encoder;
      if (chunk === undefined || used + length > chunk.length) {
        closeChunk();
        chunk =
          length > chunkBytes
            ? Buffer.allocUnsafeSlow(length)
            : (spare.pop() ?? Buffer.allocUnsafeSlow(chunkBytes));
      }
      encoder.copyTo(chunk, used);
      used += length;
      bytes += length;
      days.set(record.day, (days.get(record.day) ?? 0) + 1);
    },
    get full() {
      return bytes >= options.capacityBytes;
    },
    send,
    async finish() {
      await send();
      await Promise.all(inFlight);
    },
    get count() {
      return count;
    },
    days,
    async discard(others) {
      await Promise.allSettled(inFlight);
      if (cleared === undefined) return;
      for (const name of [table, ...others]) await dropRun(store, name, runId);
    },
  };
}

/**
 * A replica that has taken another's place may lack the last rows for a moment; what a feed has must not count as missing
 * from it.
 *
 * @param seen rows that the store shows; more than were sent, where an INSERT was repeated
 */
export function expectAll(sent: number, seen: number): void {
  if (seen >= sent) return;
  throw new UtmqlError(
    'STORE_UNAVAILABLE',
    'The database does not show all rows yet that were staged. Try again shortly.',
    {
      retryable: true,
    },
  );
}
