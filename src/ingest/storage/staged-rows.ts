import { createHash, randomUUID } from 'node:crypto';
import type { ClickHouseSettings } from '@clickhouse/client';
import { z } from 'zod';
import { bind, join, sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import { tablesThat } from '../../clickhouse/tables.ts';
import { UtmqlError } from '../../errors.ts';
import type { Day } from '../../records/day.ts';
import { columnSet } from './column-set.ts';
import type { RowFormat } from './record-table.ts';
import { RowEncoder } from './row-binary.ts';

const stagingTables = tablesThat(({ isStaging }) => isStaging === true);

const partitionRow = z.object({ table: z.string(), run_id: z.string() });

/** Drops a run's rows from one staging table; harmless when there are none. */
export const dropRun = (store: Store, table: string, runId: string): Promise<void> =>
  store.command(sql`ALTER TABLE ${store.layout.held(table)} DROP PARTITION ${bind('UUID', runId)}`, {
    repeatable: true,
    everywhere: true,
    settings: store.layout.upkeep,
    changesAnswersOf: [],
  });

/** So much of the id of what a push stages names its process. */
const ownerDigits = 12;

const ownerOf = (owner: string): string =>
  createHash('sha256').update(owner).digest('hex').slice(0, ownerDigits);

/**
 * The id under which a push stages its rows: a UUID of version 8 (RFC 9562), which tells it from those of runs, and whose first
 * digits tell the process. A push ends with its process, and no table lists it.
 */
export function pushStageId(owner: string): string {
  const first = ownerOf(owner);
  const [, , , variant, rest] = randomUUID().split('-');
  const third = randomUUID().slice(0, 3);
  return `${first.slice(0, 8)}-${first.slice(8)}-8${third}-${variant}-${rest}`;
}

const isOfOtherPush = (id: string, owner: string): boolean =>
  id.charAt(14) === '8' && id.replace('-', '').slice(0, ownerDigits) !== ownerOf(owner);

/**
 * Drops what runs and pushes have left in the staging tables that ended without doing so themselves: call it at the start. What
 * pushes of other processes have staged is left to those, and to TTL.
 *
 * @param owner this process
 * @param activeRuns ids of the runs that are still at work, in this process or another; asked after looking at the tables,
 *   so that a run that begins meanwhile is among them
 */
export async function dropStaleStages(
  store: Store,
  owner: string,
  activeRuns: () => Promise<ReadonlySet<string>>,
): Promise<void> {
  const { layout } = store;
  const byHeldName = new Map(stagingTables.map((table) => [layout.heldName(table), table]));
  const rows = await store.select(
    partitionRow,
    sql`SELECT DISTINCT table, partition AS run_id FROM ${layout.system('parts')}
        WHERE active AND database = ${bind('String', store.database)}
          AND table IN (${join(
            [...byHeldName.keys()].map((name) => sql`${bind('String', name)}`),
            ', ',
          )})`,
  );
  if (rows.length === 0) return;
  const active = await activeRuns();
  for (const row of rows) {
    const table = byHeldName.get(row.table);
    const isAtWork = active.has(row.run_id) || isOfOtherPush(row.run_id, owner);
    if (table !== undefined && !isAtWork) await dropRun(store, table, row.run_id);
  }
}

/** Statements over a whole feed are not a caller's queries, and are not bounded like those. */
export const readSettings: ClickHouseSettings = {
  max_execution_time: 0,
  max_memory_usage: '0',
  max_rows_to_read: '0',
  join_algorithm: 'hash',
};

/**
 * All rows of a statement in one block: one part for each day, so that readers see all of the day's changes at once.
 * Blocks are collected until a number of rows or of bytes is reached; neither ever is. Several threads would write
 * several blocks; two statements on different days fill two cores instead.
 */
export const writeSettings: ClickHouseSettings = {
  ...readSettings,
  min_insert_block_size_rows: '0',
  min_insert_block_size_bytes: String(2 ** 60),
  max_insert_threads: '1',
  max_threads: 1,
  // Keys are unique already; merging the block's rows once more would take longer than all the rest.
  optimize_on_insert: 0,
  // `row_key` was worked out when the rows were staged; working it out again would take half of the time.
  insert_allow_materialized_columns: 1,
};

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
        { everywhere: true, settings: store.layout.upkeep, changesAnswersOf: [] },
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
        changesAnswersOf: [],
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
