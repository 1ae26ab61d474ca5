import { jsonRow } from '../../clickhouse/json-row.ts';
import type { Lock } from '../../clickhouse/leases/store-lock.ts';
import type { Columns, Store } from '../../clickhouse/store.ts';
import type { Logger } from '../../logger.ts';
import { loopTurn } from '../../loop-turns.ts';
import type { RecordKind } from '../../records/contract.ts';
import { pushSource } from '../../records/names.ts';
import { rejectReasons } from '../../records/outcome.ts';
import type { Clock } from '../../time.ts';
import { type AttributionQueue, createAttributionMarks } from '../attribution/queue.ts';
import { createKindWriter, keyOf, kinds } from '../kinds/kinds.ts';
import { toRawRecord } from '../kinds/raw-record.ts';
import { withHistory } from '../rejects/earlier-rejects.ts';
import { type RejectRow, rejectColumns, storedKey, toRejectRow } from '../rejects/reject-row.ts';
import { maxDaysPerInsert } from '../storage/day-batches.ts';
import { createEndedRejects } from './ended-rejects.ts';
import { pushAnswerColumns, pushAnswersTable } from './idempotency.ts';
import { decodePayload, type Payload, type RecordPayload } from './payload.ts';
import type { Drained, PushRuns } from './push-runs.ts';
import { type Refused, writeOrRefuse } from './refused.ts';

/** How much of a row is logged. */
const loggedCharacters = 2_000;

/**
 * Stores rows that know their day, few days at a time. One that the store refuses for good is logged and left out, so that
 * it does not hold up the others for ever.
 *
 * @throws when the store is away
 */
async function storeDayRows<Row extends { readonly date: string; readonly workspace: string }>(options: {
  store: Store;
  table: string;
  columns: Columns;
  rows: readonly Row[];
  /** Answers tell of such rows. */
  areShown: boolean;
  requestId: string;
  logger: Logger;
}): Promise<void> {
  const { store, table, columns, areShown, requestId, logger } = options;
  for (const rows of fewDays(options.rows)) {
    const refused = await writeOrRefuse(rows, (part) =>
      store.insert(
        table,
        columns,
        'JSONEachRow',
        part.map((row) => jsonRow(row)),
        { requestId, changesAnswersOf: areShown ? [...new Set(part.map(({ workspace }) => workspace))] : [] },
      ),
    );
    for (const { entry, error } of refused) {
      const row = JSON.stringify(entry).slice(0, loggedCharacters);
      logger.error({ err: error, table, row }, 'the store refused a row, which is left out');
    }
  }
}

/** The rows by day, in parts of as many days as one INSERT may touch. */
function fewDays<Row extends { readonly date: string }>(rows: readonly Row[]): readonly (readonly Row[])[] {
  const byDay = new Map<string, Row[]>();
  for (const row of rows) byDay.set(row.date, [...(byDay.get(row.date) ?? []), row]);
  const days = [...byDay.keys()].sort();
  const parts: Row[][] = [];
  for (let from = 0; from < days.length; from += maxDaysPerInsert) {
    parts.push(days.slice(from, from + maxDaysPerInsert).flatMap((day) => byDay.get(day) ?? []));
  }
  return parts;
}

/** In ClickHouse's query log, in place of a request's id. */
const requestId = 'push-drainer';

/** So many records are decoded or encoded before requests get their turn: a few milliseconds of work. */
const recordsPerTurn = 250;

/** Writes what the buffer held, in order. */
export interface BatchWriter {
  /**
   * Resolves when ClickHouse has acknowledged all of it, but for records that it refuses for good: they become rejected
   * records.
   *
   * @returns what attributes the days that have changed
   * @throws when the store is away: the same entries are to be written again, perhaps with more behind them. What of them is
   *   stored by then is not stored again.
   */
  write(entries: readonly Buffer[]): Promise<() => Promise<void>>;
}

/** Records that one writer takes. */
interface Group {
  readonly key: string;
  readonly kind: RecordKind;
  readonly workspace: string;
  readonly source: string;
  /** Whose ids its opportunities have. */
  readonly namespace: string;
  readonly records: RecordPayload[];
}

/** What became of records of a group. */
interface Stored {
  readonly group: Group;
  readonly drained: Drained;
  readonly rejects: readonly RejectRow[];
}

export function createBatchWriter(options: {
  store: Store;
  opportunityLock: Lock;
  attributionQueue: AttributionQueue;
  runs: PushRuns;
  clock: Clock;
  logger: Logger;
  capacityBytes: number;
}): BatchWriter {
  const { store, runs, clock, logger } = options;
  const ended = createEndedRejects({ store, clock, requestId });
  let marks = createAttributionMarks(options.attributionQueue);
  /**
   * Of a batch that is not stored as a whole yet. With newer records behind them, the first ones would be another INSERT to
   * ClickHouse, and there twice until they are merged.
   */
  let stored: Stored[] = [];
  /** How many records of a group were sent when that failed: some of them may be stored, so they go again as they were. */
  const tried = new Map<string, number>();

  const partsOf = (group: Group): readonly Group[] => {
    const { records } = group;
    const count = tried.get(group.key) ?? records.length;
    return [records.slice(0, count), records.slice(count)]
      .filter(({ length }) => length > 0)
      .map((part) => ({ ...group, records: part }));
  };

  /** The group without those that are stored: they come first, as they did before. */
  const restOf = (group: Group): Group => {
    const before = stored.filter(({ group: { key } }) => key === group.key);
    const count = before.reduce((sum, { group: { records } }) => sum + records.length, 0);
    return { ...group, records: group.records.slice(count) };
  };

  const writeGroup = async (group: Group): Promise<Stored> => {
    const { kind, workspace, source, namespace, records } = group;
    const side = kinds[kind].attributed;
    if (side !== undefined)
      await marks.mark(
        workspace,
        side,
        records.map(({ record }) => record.day),
      );
    const endRejects = ended.lookFor(records);
    let outdated = 0;
    const refused = await writeOrRefuse(records, async (part) => {
      const writer = createKindWriter(kind, {
        store,
        workspace,
        source,
        namespace,
        version: part.reduce((newest, { version }) => Math.max(newest, version), 0),
        requestId,
        capacityBytes: options.capacityBytes,
        lock: options.opportunityLock,
      });
      for (const [index, entry] of part.entries()) {
        writer.add(entry, entry.version);
        if (writer.full) await writer.send();
        if (index % recordsPerTurn === recordsPerTurn - 1) await loopTurn();
      }
      await writer.finish();
      outdated += writer.progress().outdated ?? 0;
    });
    const [first] = refused;
    if (first !== undefined) {
      logger.warn({ err: first.error, kind, records: refused.length }, 'the store refused pushed records');
    }
    const gone = new Set(refused.map(({ entry }) => entry));
    await endRejects(records.filter((record) => !gone.has(record)));
    return {
      group,
      drained: { records: records.length, outdated, refused: refused.length },
      rejects: refused.map((entry) => toRefusedRow(entry)),
    };
  };

  const toRefusedRow = ({ entry }: Refused<RecordPayload>): RejectRow => {
    const { kind, workspace, source, namespace } = entry;
    const run = runs.of(kind, { workspace, requestId, name: pushSource });
    const position = run.reserve(1);
    return toRejectRow(
      {
        workspace,
        runId: run.id,
        position,
        line: position,
        source,
        namespace,
        kind,
        requestId,
        key: storedKey(kind, namespace ?? source, keyOf(entry)),
        record: toRawRecord(entry),
        reject: { reason: 'refused_by_store', field: '', detail: rejectReasons.refused_by_store },
      },
      clock.now(),
    );
  };

  const decode = async (entries: readonly Buffer[]): Promise<readonly Payload[]> => {
    const payloads: Payload[] = [];
    for (const [index, entry] of entries.entries()) {
      const payload = decodePayload(entry);
      if (payload !== undefined) payloads.push(payload);
      else
        logger.error(
          { entry: entry.toString('utf8', 0, 2_000) },
          'an entry of the buffer is of no known form',
        );
      if (index % recordsPerTurn === recordsPerTurn - 1) await loopTurn();
    }
    return payloads;
  };

  return {
    async write(entries) {
      const known = await decode(entries);
      for (const group of groupsOf(known)) {
        for (const part of partsOf(restOf(group))) {
          tried.set(part.key, part.records.length);
          stored.push(await writeGroup(part));
          tried.delete(part.key);
        }
      }
      const common = { store, requestId, logger };
      const rejects = [
        ...known.flatMap((payload) => (payload.kind === 'reject' ? [payload.row] : [])),
        ...stored.flatMap((part) => part.rejects),
      ];
      const history = await withHistory(store, ended.inBatch(rejects, known.filter(isRecord)), requestId);
      await storeDayRows({
        ...common,
        table: 'rejected_records',
        columns: rejectColumns,
        areShown: true,
        rows: history.rows,
      });
      await history.replaceEarlier();
      await storeDayRows({
        ...common,
        table: pushAnswersTable,
        columns: pushAnswerColumns,
        areShown: false,
        rows: known.flatMap((payload) => (payload.kind === 'answer' ? [payload.row] : [])),
      });
      for (const { group, drained } of stored) runs.drained(group.kind, group.workspace, drained);
      stored = [];
      const written = marks;
      marks = createAttributionMarks(options.attributionQueue);
      return () => written.settle(requestId);
    },
  };
}

const isRecord = (payload: Payload): payload is RecordPayload =>
  payload.kind !== 'reject' && payload.kind !== 'answer';

/** In the order in which they are written: what may wait for minutes for a run comes last. */
function groupsOf(payloads: readonly Payload[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const payload of payloads) {
    if (!isRecord(payload)) continue;
    const { kind, workspace, source, namespace = source } = payload;
    const key = JSON.stringify([kind, workspace, source, namespace]);
    const group = groups.get(key) ?? { key, kind, workspace, source, namespace, records: [] };
    group.records.push(payload);
    groups.set(key, group);
  }
  const all = [...groups.values()];
  return [
    ...all.filter(({ kind }) => !kinds[kind].waitsForRuns),
    ...all.filter(({ kind }) => kinds[kind].waitsForRuns),
  ];
}
