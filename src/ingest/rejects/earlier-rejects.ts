import { z } from 'zod';
import { jsonRow } from '../../clickhouse/json-row.ts';
import { bind, sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import { maxDaysPerInsert } from '../storage/day-batches.ts';
import { type RejectRow, rejectColumns } from './reject-row.ts';

/** Earlier rejects of one record that go at a time; where there are more, they go with its next rejects. In SQL it has to be written out. */
const mostEarlier = 10_000;
/** Records that a run's history remembers. */
const mostKnown = 50_000;

const earlierRow = z.object({
  record_key: z.string(),
  reason: z.string(),
  run_id: z.string(),
  times: z.number(),
  first: z.string(),
  places: z.array(z.tuple([z.string(), z.number(), z.number()])),
});
type EarlierRow = z.infer<typeof earlierRow>;

/** How often a record was rejected, and since when. */
interface Told {
  readonly times: number;
  readonly first: string;
}

/** What was looked up of the records of one run, so that a feed with a thousand equal rejects asks once. */
export type KnownHistory = Map<string, Told>;

/** Rejects with what is known of them from runs before. */
export interface RejectHistory {
  /** As they are to be stored: how often, and since when. */
  readonly rows: readonly RejectRow[];
  /** Call it once they are stored: the newest run's reject of a record takes the place of those of earlier runs. */
  replaceEarlier(): Promise<void>;
}

/** The same where nothing was rejected before. */
export const withoutHistory = (rows: readonly RejectRow[]): RejectHistory => ({
  rows,
  replaceEarlier: async () => undefined,
});

const anyRow = z.object({ position: z.number() });

/** Whether a source may have open rejected records of a kind. Without FINAL: some may have ended, none that is open is missed. */
export async function hasOpenRejects(
  store: Store,
  { workspace, source, kind }: { readonly workspace: string; readonly source: string; readonly kind: string },
  requestId: string,
): Promise<boolean> {
  const found = await store.select(
    anyRow,
    sql`SELECT position FROM rejected_records
        WHERE workspace = ${bind('String', workspace)} AND source = ${bind('String', source)}
          AND kind = ${bind('String', kind)} AND state = 'open' LIMIT 1`,
    { requestId, settings: { max_rows_to_read: '0' } },
  );
  return found.length > 0;
}

/**
 * Looks up whether the same records were rejected before: of the same source and kind, with the same key or text, for the same
 * reason. Each step can be broken off anywhere and done again: only older runs' rejects go, and only once newer ones are stored.
 *
 * @param known of the same run; added to
 */
export async function withHistory(
  store: Store,
  rows: readonly RejectRow[],
  requestId: string,
  known: KnownHistory = new Map(),
): Promise<RejectHistory> {
  const groups = new Map<string, RejectRow[]>();
  for (const row of rows) {
    if (row.is_deleted === 1 || row.state !== 'open' || row.record_key === '') continue;
    const key = JSON.stringify([row.workspace, row.source, row.kind]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  const told = new Map<RejectRow, RejectRow>();
  const replaced: RejectRow[] = [];
  for (const [owner, group] of groups) {
    const ownKey = (row: RejectRow): string => `${owner} ${row.run_id} ${identityOf(row)}`;
    const byIdentity = new Map<string, EarlierRow[]>();
    const asked = group.filter((row) => !known.has(ownKey(row)));
    for (const earlier of await earlierOf(store, asked, requestId)) {
      const identity = identityOf(earlier);
      byIdentity.set(identity, [...(byIdentity.get(identity) ?? []), earlier]);
    }
    const newest = new Map<string, RejectRow>();
    for (const row of asked) {
      const identity = identityOf(row);
      const other = newest.get(identity);
      if (other === undefined || other.run_id < row.run_id) newest.set(identity, row);
    }
    for (const row of group) {
      const before = known.get(ownKey(row)) ?? toldOf(row, byIdentity.get(identityOf(row)) ?? []);
      if (known.size < mostKnown) known.set(ownKey(row), before);
      told.set(row, { ...row, times: before.times, first_rejected_at: before.first });
    }
    for (const [identity, row] of newest) {
      const older = (byIdentity.get(identity) ?? []).filter(({ run_id }) => run_id < row.run_id);
      for (const { run_id, places } of older) {
        replaced.push(...places.map((place) => deletionOf(row, run_id, place)));
        // There may be more of them.
        if (places.length === mostEarlier) known.delete(ownKey(row));
      }
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
  const own = [...new Set(group.map(({ run_id }) => run_id))];
  return store.select(
    earlierRow,
    sql`SELECT record_key, reason, run_id, max(times) AS times, min(first_rejected_at) AS first,
               groupArrayIf(10000)((date, position, version), run_id NOT IN (${bind('Array(UUID)', own)})) AS places
        FROM rejected_records FINAL
        WHERE workspace = ${bind('String', first.workspace)} AND source = ${bind('String', first.source)}
          AND kind = ${bind('String', first.kind)} AND state = 'open' AND record_key IN (${bind('Array(String)', keys)})
        GROUP BY record_key, reason, run_id`,
    { requestId, settings: { max_rows_to_read: '0' } },
  );
}

/** A run that is begun again after a crash finds its own rejects, too: they are counted already. */
function toldOf(row: RejectRow, earlier: readonly EarlierRow[]): Told {
  let { times, first_rejected_at: first } = row;
  for (const other of earlier) {
    if (other.run_id > row.run_id) continue;
    times = Math.max(times, other.run_id === row.run_id ? other.times : other.times + 1);
    const since = new Date(other.first).toISOString();
    if (since < first) first = since;
  }
  return { times, first };
}

/** Deletes a row: of a deleted row, only what it is sorted by and its version matter. */
const deletionOf = (
  row: RejectRow,
  run_id: string,
  [date, position, version]: EarlierRow['places'][number],
): RejectRow => ({
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
