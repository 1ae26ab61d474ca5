import { z } from 'zod';
import { bind, empty, sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import type { RecordKind } from '../../records/contract.ts';
import type { Day } from '../../records/day.ts';
import type { RejectId } from './find-rejects.ts';
import { storedKeyStart } from './reject-row.ts';
import { settleRejects } from './settle-rejects.ts';

/** Open rejected records that are held at a time, the latest first: of more, older ones end once some of these have. */
const mostOpen = 50_000;

const openRow = z.object({
  run_id: z.string(),
  position: z.number(),
  source: z.string(),
  record_key: z.string(),
  rejected: z.number(),
});
type OpenReject = z.infer<typeof openRow>;
const anyRow = z.object({ position: z.number() });

/** Open rejected records by the keys that stored records can have. */
export type OpenRejects = ReadonlyMap<string, readonly OpenReject[]>;

/** Which open rejected records. */
export interface OpenOf {
  readonly workspace: string;
  readonly kind: RecordKind;
  /** Undefined: of all sources, and pushes. */
  readonly sources?: readonly string[] | undefined;
  /** Undefined: with whatever keys. */
  readonly keys?: (() => readonly string[]) | undefined;
}

export async function loadOpenRejects(store: Store, of: OpenOf, requestId: string): Promise<OpenRejects> {
  const { workspace, kind, sources, keys } = of;
  const call = { requestId, settings: { max_rows_to_read: '0' } } as const;
  const isOpen = sql`workspace = ${bind('String', workspace)} AND kind = ${bind('String', kind)} AND state = 'open'
          AND startsWith(record_key, ${bind('String', storedKeyStart)})
          ${sources === undefined ? empty : sql`AND source IN (${bind('Array(String)', sources)})`}`;
  // Mostly there is none. Without FINAL, some that have ended may be seen; none that is open is missed.
  const [any] = await store.select(
    anyRow,
    sql`SELECT position FROM rejected_records WHERE ${isOpen} LIMIT 1`,
    call,
  );
  if (any === undefined) return new Map();
  const rows = await store.select(
    openRow,
    sql`SELECT run_id, position, source, record_key, toUnixTimestamp64Milli(rejected_at) AS rejected
        FROM rejected_records FINAL
        WHERE ${isOpen} ${keys === undefined ? empty : sql`AND record_key IN (${bind('Array(String)', keys())})`}
        ORDER BY rejected_at DESC LIMIT ${bind('UInt64', mostOpen)}`,
    call,
  );
  const open = new Map<string, OpenReject[]>();
  for (const row of rows) {
    const known = open.get(row.record_key);
    if (known === undefined) open.set(row.record_key, [row]);
    else known.push(row);
  }
  return open;
}

/** Notes which open rejected records are of keys that are stored now. */
export interface AcceptedKeys {
  /**
   * @param day of the record
   * @param key as `storedKey` has it; worked out only where anything is open that may have it
   * @param version microseconds: rejects from before it are out of date
   */
  see(day: Day, key: () => string, version: number): void;
  /** Ends those that were seen. Call it once the records are stored. */
  settle(by: string): Promise<void>;
}

/** @param open of what the records may be */
export function createAcceptedKeys(
  open: OpenRejects,
  options: {
    readonly store: Store;
    readonly workspace: string;
    readonly requestId: string;
    readonly now: () => number;
    /** Of the kind: see `Kind.dayOfKey`. */
    readonly dayOfKey: ((key: string) => Day) | undefined;
    /** Whether a source's rejects can end with these records. */
    readonly isOf?: (source: string) => boolean;
  },
): AcceptedKeys {
  const { store, workspace, requestId, now, dayOfKey, isOf = () => true } = options;
  const days = dayOfKey && new Set([...open.keys()].map((key) => dayOfKey(key.slice(storedKeyStart.length))));
  const ended = new Map<string, RejectId>();
  return {
    see(day, key, version) {
      if (open.size === 0 || days?.has(day) === false) return;
      for (const { run_id: runId, position, source, rejected } of open.get(key()) ?? []) {
        if (rejected * 1_000 < version && isOf(source))
          ended.set(`${runId}:${position}`, { runId, position });
      }
    },
    async settle(by) {
      if (ended.size === 0) return;
      const settlement = { state: 'resolved', by, at: now(), requestId } as const;
      await settleRejects(store, { workspace, policy: undefined }, { ids: [...ended.values()] }, settlement);
      ended.clear();
    },
  };
}
