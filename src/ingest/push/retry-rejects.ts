import { z } from 'zod';
import type { Requester } from '../../access/caller.ts';
import { bind, sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import { leftOut } from '../../formats/feed/left-out.ts';
import { type DataScope, workspaceRows } from '../../metrics/data-scope.ts';
import type { RecordKind } from '../../records/contract.ts';
import type { Reject } from '../../records/outcome.ts';
import type { WriteAheadBuffer } from '../../wal/wal.ts';
import { type KindRecord, kinds, withoutOwnTime } from '../kinds/kinds.ts';
import { HeldRepairs, type Normalisers } from '../kinds/normalisers.ts';
import type { Ownership } from '../ownership/moves.ts';
import {
  formatRejectId,
  type RejectCursor,
  type RejectFilter,
  type RejectId,
  rejectCursor,
  rejectsByIdStatement,
  rejectsStatement,
  type StoredReject,
  storedReject,
} from '../rejects/find-rejects.ts';
import { type RejectRow, toRejectRow } from '../rejects/reject-row.ts';
import type { Versions } from '../runs/versions.ts';
import type { Drainer } from './drainer.ts';
import { eventIds } from './intake.ts';
import { patchRecord, type RecordPatch } from './patch-record.ts';
import { encodePayload } from './payload.ts';
import type { PushRuns } from './push-runs.ts';
import { partOfSum, type ReadAgainDeps, readAgain, readingKey, readingsOf } from './read-again.ts';

const runRow = z.object({ run_id: z.string(), started: z.number() });

/**
 * When those of these runs began that replaced days, epoch milliseconds, by id. What such a run read was true when it
 * began, whatever `updated_at` says; and it deleted what it could not read as of then.
 */
async function replacingRuns(
  store: Store,
  scope: DataScope,
  ids: Iterable<string>,
  requestId: string,
): Promise<ReadonlyMap<string, number>> {
  const rows = await store.select(
    runRow,
    sql`SELECT run_id, toUnixTimestamp64Milli(max(started_at)) AS started FROM ingest_runs
        WHERE ${workspaceRows(scope)} AND run_id IN (${bind('Array(UUID)', [...new Set(ids)])})
          AND mode = 'replace' AND started_at IS NOT NULL
        GROUP BY run_id`,
    { requestId },
  );
  return new Map(rows.map((row) => [row.run_id, row.started]));
}

/** Records read and written at a time: each may be a megabyte. */
const chunkSize = 50;
const waitMs = 10_000;

export interface RetryInput {
  /** Which rejected records: these, or up to `limit` of those that the filter names, the latest first. */
  readonly records:
    | { readonly ids: readonly RejectId[] }
    | { readonly filter: RejectFilter; readonly limit: number };
  readonly patch: RecordPatch | undefined;
  /** Stands in for the record as it came. */
  readonly replacement: unknown;
}

/** Who tries again: only what they may see. */
export type RetryCaller = Requester & DataScope;

/** What became of one record that was tried again. */
export interface RetriedRecord {
  readonly id: string;
  /** It is stored, and its rejected record is resolved. */
  readonly isAccepted: boolean;
  /** Why not. */
  readonly reject: (Omit<Reject, 'reason'> & { readonly reason: string }) | undefined;
}

export interface RetryDeps extends ReadAgainDeps {
  readonly store: Store;
  readonly buffer: WriteAheadBuffer;
  readonly drainer: Drainer;
  readonly normalisers: Normalisers;
  readonly runs: PushRuns;
  /** Who stands for a source now, and whose ids its opportunities have. */
  readonly ownerOf: (workspace: string, source: string) => Ownership;
  readonly versions: Versions;
}

/**
 * Tries rejected records again by the rules of their source. What is good now is written as of the time of its rejection, so
 * that newer data wins (see `asOfRejection`), and its rejected record is resolved: both are one entry of the buffer, and the record is written
 * first. So a crash loses neither, and a repeat finds nothing to do.
 *
 * @throws UtmqlError STORE_UNAVAILABLE where the rejected records cannot be read; BUFFER_FULL, BUFFER_UNAVAILABLE
 */
export async function retryRejects(
  deps: RetryDeps,
  input: RetryInput,
  caller: RetryCaller,
): Promise<readonly RetriedRecord[]> {
  const results: RetriedRecord[] = [];
  for await (const stored of chunksOf(deps.store, input.records, caller)) {
    results.push(...(await retryChunk(deps, stored, input, caller)));
  }
  if (!('ids' in input.records)) return results;
  const found = new Map(results.map((result) => [result.id, result]));
  return input.records.ids.map(({ runId, position }) => {
    const id = formatRejectId({ run_id: runId, position });
    return found.get(id) ?? { id, isAccepted: false, reject: missing };
  });
}

const missing = {
  reason: 'not_found',
  field: '',
  detail: 'There is no open rejected record with this id; it may have been accepted or dismissed already.',
};

const nowLeftOut = {
  reason: 'left_out',
  field: '',
  detail: 'Its mapping leaves such records out now (`where`); there is nothing to be stored.',
};

async function* chunksOf(
  store: Store,
  records: RetryInput['records'],
  caller: RetryCaller,
): AsyncGenerator<readonly StoredReject[]> {
  const { requestId } = caller;
  const scope: DataScope = { workspace: caller.workspace, policy: caller.policy };
  if ('ids' in records) {
    for (let from = 0; from < records.ids.length; from += chunkSize) {
      const ids = records.ids.slice(from, from + chunkSize);
      yield await store.select(storedReject, rejectsByIdStatement(scope, ids), { requestId });
    }
    return;
  }
  let left = records.limit;
  let after: RejectCursor | undefined;
  while (left > 0) {
    const limit = Math.min(left, chunkSize);
    const { filter } = records;
    const rows = await store.select(storedReject, rejectsStatement({ scope, filter, after, limit }), {
      requestId,
    });
    yield rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return;
    after = rejectCursor(last);
    left -= rows.length;
  }
}

async function retryChunk(
  deps: RetryDeps,
  stored: readonly StoredReject[],
  input: RetryInput,
  caller: RetryCaller,
): Promise<readonly RetriedRecord[]> {
  const { buffer, drainer, runs, versions } = deps;
  if (stored.length === 0) return [];
  const { workspace, requestId } = caller;
  const scope: DataScope = { workspace, policy: caller.policy };
  const runIds = stored.map((row) => row.run_id);
  const replacing = await replacingRuns(deps.store, scope, runIds, requestId);
  const readings = await readingsOf(deps, stored, workspace);
  const payloads: Buffer[] = [];
  const accepted = new Map<RecordKind, { count: number; readonly repairs: HeldRepairs }>();

  const retry = (row: StoredReject): RetriedRecord => {
    const id = formatRejectId(row);
    const { kind } = row;
    const patched = patchRecord(row, input.patch, input.replacement);
    if ('reject' in patched) return { id, isAccepted: false, reject: patched.reject };
    const { duplicates } = deps.sourceOf(workspace, row.source)?.feed ?? {};
    if (kinds[kind].folding !== undefined && duplicates === 'sum')
      return { id, isAccepted: false, reject: partOfSum };
    const reading = readings.get(readingKey(row));
    if (reading !== undefined && 'reject' in reading)
      return { id, isAccepted: false, reject: reading.reject };
    const raws = reading === undefined ? [patched.raw] : readAgain(reading, row, patched.raw, input.patch);
    if (raws.includes(leftOut)) return { id, isAccepted: false, reject: nowLeftOut };
    const tally = accepted.get(kind) ?? { count: 0, repairs: new HeldRepairs() };
    // The same id at each try: an event that had none becomes one event.
    const ids = eventIds(workspace, `reject ${id}`)(0);
    const from = { workspace, source: row.source, rules: reading?.rules };
    const outcomes = raws.map((raw) => deps.normalisers.normalise(kind, from, raw, tally.repairs, ids));
    const refused = outcomes.find((outcome) => 'reject' in outcome);
    if (refused !== undefined && 'reject' in refused) {
      const { reject } = refused;
      payloads.push(encodePayload({ kind: 'reject', row: newRow(row, workspace, reject, versions.now()) }));
      return { id, isAccepted: false, reject };
    }
    accepted.set(kind, tally);
    const owner = deps.ownerOf(workspace, row.source);
    const namespace = row.namespace === '' ? owner.namespace : row.namespace;
    for (const outcome of outcomes) {
      if ('reject' in outcome) continue;
      tally.count += 1;
      const entry = asOfRejection(outcome.record, row.rejected_at.getTime(), replacing.get(row.run_id));
      payloads.push(encodePayload({ ...entry, workspace, source: owner.source, namespace }));
    }
    payloads.push(
      encodePayload({
        kind: 'reject',
        row: {
          ...newRow(row, workspace, row, versions.now()),
          state: 'resolved',
          settled_at: new Date(versions.now()).toISOString(),
          settled_by: caller.name,
        },
      }),
    );
    return { id, isAccepted: true, reject: undefined };
  };

  const results = stored.map(retry);
  if (payloads.length === 0) return results;
  const position = await buffer.append(payloads);
  for (const [kind, { count, repairs }] of accepted) {
    runs.add(runs.of(kind, caller), {
      read: count,
      waiting: count,
      rejected: {},
      skipped: {},
      repairs: repairs.toRecord(),
      unknownFields: repairs.unknownFields(),
      bytes: 0,
      folded: new Map(),
    });
  }
  await drainer.stored(position, waitMs);
  return results;
}

/**
 * The record with its version, in microseconds. Of a run that replaced days nothing is older than the run: it has deleted
 * the record as of its start. Elsewhere a record's own `updated_at` says which of its states is the newest.
 *
 * @param rejectedAt epoch milliseconds, like the next
 * @param replacedAt when the run began, if it replaced days
 */
function asOfRejection(
  entry: KindRecord,
  rejectedAt: number,
  replacedAt: number | undefined,
): KindRecord & { readonly version: number } {
  const version = Math.max(rejectedAt, replacedAt ?? 0) * 1_000;
  return { ...(replacedAt === undefined ? entry : withoutOwnTime(entry)), version };
}

/** The row of a rejected record with what is known now, in the same place. */
function newRow(
  row: StoredReject,
  workspace: string,
  reject: Pick<StoredReject, 'reason' | 'field' | 'detail'>,
  now: number,
): RejectRow {
  const rejectedAt = row.rejected_at.getTime();
  const {
    run_id: runId,
    position,
    line,
    source,
    namespace,
    reading,
    kind,
    request_id: requestId,
    record,
  } = row;
  return {
    ...toRejectRow(
      { workspace, runId, position, line, source, namespace, reading, kind, requestId, record, reject },
      rejectedAt,
    ),
    record_key: row.record_key,
    times: row.times,
    first_rejected_at: row.first_rejected_at.toISOString(),
    version: Math.max(now * 1_000, rejectedAt * 1_000 + 1),
  };
}
