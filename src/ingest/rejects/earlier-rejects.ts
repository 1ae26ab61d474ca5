import { z } from 'zod';
import { jsonRow } from '../../clickhouse/json-row.ts';
import { bind, sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import { maxDaysPerInsert } from '../storage/day-batches.ts';
import { type RejectRow, rejectColumns } from './reject-row.ts';

/** Looked for at a time; more go with the next rejects of the same records. */
const mostEarlier = 20_000;

const earlierRow = z.object({
  date: z.string(),
  run_id: z.string(),
  position: z.number(),
  record_key: z.string(),
  reason: z.string(),
  times: z.number(),
  first_rejected_at: z.string(),
  version: z.number(),
});
type EarlierRow = z.infer<typeof earlierRow>;

/** Rejects with what is known of them from runs before. */
export interface RejectHistory {
  /** As they are to be stored: how often, and since when. */
  readonly rows: readonly RejectRow[];
  /** Call it once they are stored: the newest run's reject of a record takes the place of those of earlier runs. */
  replaceEarlier(): Promise<void>;
}

/**
 * Looks up whether the same records were rejected before: of the same source and kind, with the same key or text, for the same
 * reason. Each step can be broken off anywhere and done again: only older runs' rejects go, and only once newer ones are stored.
 */
export async function withHistory(
  store: Store,
  rows: readonly RejectRow[],
  requestId: string,
): Promise<RejectHistory> {
  const groups = new Map<string, RejectRow[]>();
  for (const row of rows) {
    if (row.is_deleted === 1 || row.state !== 'open' || row.record_key === '') continue;
    const key = JSON.stringify([row.workspace, row.source, row.kind]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const told = new Map<RejectRow, RejectRow>();
  const replaced: RejectRow[] = [];
  for (const group of groups.values()) {
    const byIdentity = new Map<string, EarlierRow[]>();
    for (const earlier of await earlierOf(store, group, requestId)) {
      const identity = identityOf(earlier);
      byIdentity.set(identity, [...(byIdentity.get(identity) ?? []), earlier]);
    }
    const newest = new Map<string, RejectRow>();
    for (const row of group) {
      const identity = identityOf(row);
      const known = newest.get(identity);
      if (known === undefined || known.run_id < row.run_id) newest.set(identity, row);
      told.set(row, withEarlier(row, byIdentity.get(identity) ?? []));
    }
    for (const [identity, row] of newest) {
      const older = (byIdentity.get(identity) ?? []).filter(({ run_id }) => run_id < row.run_id);
      replaced.push(...older.map((earlier) => deletionOf(row, earlier)));
    }
  }
  return {
    rows: rows.map((row) => told.get(row) ?? row),
    async replaceEarlier() {
      for (const part of fewDays(replaced)) {
        await store.insert('rejected_records', rejectColumns, 'JSONEachRow', part.map(jsonRow), {
          requestId,
          changesAnswersOf: [...new Set(part.map(({ workspace }) => workspace))],
        });
      }
    },
  };
}

const identityOf = ({ record_key, reason }: Pick<RejectRow, 'record_key' | 'reason'>): string =>
  `${reason} ${record_key}`;

async function earlierOf(
  store: Store,
  group: readonly RejectRow[],
  requestId: string,
): Promise<readonly EarlierRow[]> {
  const [first] = group;
  if (first === undefined) return [];
  const keys = [...new Set(group.map(({ record_key }) => record_key))];
  return store.select(
    earlierRow,
    sql`SELECT date, run_id, position, record_key, reason, times, first_rejected_at, version
        FROM rejected_records FINAL
        WHERE workspace = ${bind('String', first.workspace)} AND source = ${bind('String', first.source)}
          AND kind = ${bind('String', first.kind)} AND state = 'open' AND record_key IN (${bind('Array(String)', keys)})
        LIMIT ${bind('UInt64', mostEarlier)}`,
    { requestId, settings: { max_rows_to_read: '0' } },
  );
}

/** A run that is begun again after a crash finds its own rejects, too: they are counted already. */
function withEarlier(row: RejectRow, earlier: readonly EarlierRow[]): RejectRow {
  let { times, first_rejected_at: first } = row;
  for (const other of earlier) {
    if (other.run_id > row.run_id) continue;
    times = Math.max(times, other.run_id === row.run_id ? other.times : other.times + 1);
    const since = new Date(other.first_rejected_at).toISOString();
    if (since < first) first = since;
  }
  return { ...row, times, first_rejected_at: first };
}

/** Deletes a row: of a deleted row, only what it is sorted by and its version matter. */
const deletionOf = (row: RejectRow, { date, run_id, position, version }: EarlierRow): RejectRow => ({
  ...row,
  date,
  run_id,
  position,
  record: '',
  detail: '',
  version: Math.max(version + 1, row.version),
  is_deleted: 1,
});

/** Parts of as many days as one INSERT may touch. */
function fewDays(rows: readonly RejectRow[]): readonly (readonly RejectRow[])[] {
  const byDay = new Map<string, RejectRow[]>();
  for (const row of rows) byDay.set(row.date, [...(byDay.get(row.date) ?? []), row]);
  const days = [...byDay.values()];
  const parts: RejectRow[][] = [];
  for (let from = 0; from < days.length; from += maxDaysPerInsert)
    parts.push(days.slice(from, from + maxDaysPerInsert).flat());
  return parts;
}
