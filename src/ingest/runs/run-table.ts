import { z } from 'zod';
import { jsonRow } from '../../clickhouse/json-row.ts';
import { bind, empty, type Sql, sql } from '../../clickhouse/sql.ts';
import { insertColumns, type Store } from '../../clickhouse/store.ts';
import { type Day, formatDay, parseIsoDay } from '../../records/day.ts';
import { attributionSource, sinkSource } from '../../records/names.ts';
import { type IngestRun, ingestModes, type RunStatus, runStatuses } from './run.ts';

const day = z
  .string()
  .nullable()
  .transform((text) => (text === null ? undefined : parseIsoDay(text)));
const instant = z.string().transform((text) => Date.parse(text));
const counts = z.record(z.string(), z.coerce.number());
const byDay = z
  .record(z.string(), z.coerce.number())
  .transform((rows) => new Map(Object.entries(rows).map(([text, count]) => [parseIsoDay(text) ?? 0, count])));
const shares = z.record(z.string(), z.number());
const dayChanges = z.array(
  z.object({
    day: z.int(),
    added: z.number(),
    changed: z.number(),
    removed: z.number(),
    costBefore: z.number(),
    costAfter: z.number(),
  }),
);

const runRow = z
  .object({
    run_id: z.string(),
    workspace: z.string(),
    trigger_id: z.string(),
    idempotency_key: z.string(),
    source: z.string(),
    mode: z.enum(ingestModes),
    dry_run: z.number(),
    guard: z.number(),
    replay_of: z.string(),
    question: z.string(),
    owner: z.string(),
    attempt: z.number(),
    retry: z.number(),
    requested_by: z.string(),
    request_id: z.string(),
    since: day,
    until: day,
    overlap_from: day,
    status: z.enum(runStatuses),
    created_at: instant,
    started_at: instant.nullable(),
    finished_at: instant.nullable(),
    records_read: z.number(),
    records_written: z.number(),
    records_changed: z.number(),
    records_removed: z.number(),
    records_skipped: counts,
    records_rejected: counts,
    repairs: counts,
    unknown_fields: counts,
    folded: byDay,
    overwritten: byDay,
    overwritten_sources: z.array(z.string()),
    columns: shares,
    warnings: z.array(z.string()),
    days: z.array(z.string()),
    changes: z.string(),
    watermark: day,
    bytes_read: z.number(),
    error_code: z.string(),
    error_message: z.string(),
    version: z.number(),
  })
  .transform((row) => ({
    version: row.version,
    run: {
      id: row.run_id,
      workspace: row.workspace,
      triggerId: row.trigger_id,
      idempotencyKey: row.idempotency_key,
      source: row.source,
      mode: row.mode,
      dryRun: row.dry_run === 1,
      guard: row.guard === 1,
      replayOf: row.replay_of,
      question: row.question,
      owner: row.owner,
      attempt: row.attempt,
      retry: row.retry,
      requestedBy: row.requested_by,
      requestId: row.request_id,
      since: row.since,
      until: row.until,
      overlapFrom: row.overlap_from,
      status: row.status,
      createdAt: row.created_at,
      startedAt: row.started_at ?? undefined,
      finishedAt: row.finished_at ?? undefined,
      recordsRead: row.records_read,
      recordsWritten: row.records_written,
      recordsChanged: row.records_changed,
      recordsRemoved: row.records_removed,
      recordsSkipped: row.records_skipped,
      recordsRejected: row.records_rejected,
      repairs: row.repairs,
      unknownFields: row.unknown_fields,
      folded: row.folded,
      overwritten: row.overwritten,
      overwrittenSources: row.overwritten_sources,
      columns: row.columns,
      warnings: row.warnings,
      days: row.days.flatMap((text) => parseIsoDay(text) ?? []),
      changes: row.changes === '' ? [] : dayChanges.parse(JSON.parse(row.changes)),
      watermark: row.watermark,
      bytesRead: row.bytes_read,
      errorCode: row.error_code,
      errorMessage: row.error_message,
    } satisfies IngestRun,
  }));

const selected = sql`run_id, workspace, trigger_id, idempotency_key, source, mode, dry_run, guard, replay_of, question, owner, attempt, retry, requested_by,
  request_id, since, until, overlap_from, status, created_at, started_at, finished_at, records_read, records_written, records_changed, records_removed,
  records_skipped, records_rejected, repairs, unknown_fields, folded, overwritten, overwritten_sources, columns, warnings, days, changes, watermark, bytes_read, error_code, error_message, version`;

export interface RunFilter {
  readonly source?: string | undefined;
  readonly status?: RunStatus | undefined;
  /** Runs before this one (older). */
  readonly before?: string | undefined;
  readonly limit: number;
}

/** A source, and the names that it had before: their runs are its own. */
export interface NamedSource {
  readonly workspace: string;
  readonly name: string;
  readonly formerly: readonly string[];
}

const isOf = ({ workspace, name, formerly }: NamedSource): Sql =>
  sql`workspace = ${bind('String', workspace)} AND source IN ${bind('Array(String)', [name, ...formerly])}`;

/** The table of runs. */
export interface RunRepository {
  /** Stores the run's present state; later saves replace earlier ones. */
  save(run: IngestRun): Promise<void>;
  /** The same for a run that goes on as before, and has only come further: no kept answer tells how far. */
  saveProgress(run: IngestRun): Promise<void>;
  find(workspace: string, id: string): Promise<IngestRun | undefined>;
  /** The runs of one call, by the key that the caller gave it. */
  findByIdempotencyKey(workspace: string, key: string): Promise<IngestRun[]>;
  /** Newest first. */
  list(workspace: string, filter: RunFilter): Promise<IngestRun[]>;
  /** Runs that are queued or running as far as the table knows, oldest first, of every process and workspace. */
  unfinished(): Promise<IngestRun[]>;
  /** When the last run of the source began, epoch milliseconds. */
  lastStart(workspace: string, source: string): Promise<number | undefined>;
  /** Up to which day the source's data are complete: set by its last good run. */
  watermark(source: NamedSource): Promise<Day | undefined>;
  /** The columns of the source's feed as its last good run saw them; none before that. Replays do not count. */
  columns(source: NamedSource): Promise<IngestRun['columns']>;
  /** Days that good runs of the source, begun after this instant (epoch milliseconds), have read; replays do not count. */
  daysReadSince(source: NamedSource, startedAt: number): Promise<ReadonlySet<Day>>;
  /** When data last changed: the end of the last run that stored something, epoch milliseconds. */
  freshness(workspace: string): Promise<number | undefined>;
}

export function createRunRepository(store: Store): RunRepository {
  let lastVersion = 0;
  const select = async (condition: Sql): Promise<IngestRun[]> => {
    const rows = await store.select(
      runRow,
      sql`SELECT ${selected} FROM ingest_runs FINAL WHERE ${condition}`,
    );
    return rows.map(({ run, version }) => {
      // What is saved after a look wins over what was seen, though another process's clock be ahead.
      lastVersion = Math.max(lastVersion, version);
      return run;
    });
  };
  const isoOrNull = (epochMs: number | undefined) =>
    epochMs === undefined ? null : new Date(epochMs).toISOString();
  const dayOrNull = (value: number | undefined) => (value === undefined ? null : formatDay(value));
  const countsByDay = (counts: ReadonlyMap<Day, number>) =>
    Object.fromEntries([...counts].map(([of, count]) => [formatDay(of), count]));

  const insert = async (run: IngestRun, changesAnswersOf: readonly string[]): Promise<void> => {
    // Microseconds that never stand still, so that of two saves within one millisecond the later wins.
    lastVersion = Math.max(lastVersion + 1, Date.now() * 1_000);
    const row = {
      workspace: run.workspace,
      date: new Date(run.createdAt).toISOString().slice(0, 10),
      run_id: run.id,
      trigger_id: run.triggerId,
      idempotency_key: run.idempotencyKey,
      source: run.source,
      mode: run.mode,
      dry_run: run.dryRun ? 1 : 0,
      guard: run.guard ? 1 : 0,
      replay_of: run.replayOf,
      question: run.question,
      owner: run.owner,
      attempt: run.attempt,
      retry: run.retry,
      requested_by: run.requestedBy,
      request_id: run.requestId,
      since: dayOrNull(run.since),
      until: dayOrNull(run.until),
      overlap_from: dayOrNull(run.overlapFrom),
      status: run.status,
      created_at: isoOrNull(run.createdAt),
      started_at: isoOrNull(run.startedAt),
      finished_at: isoOrNull(run.finishedAt),
      records_read: run.recordsRead,
      records_written: run.recordsWritten,
      records_changed: run.recordsChanged,
      records_removed: run.recordsRemoved,
      records_skipped: run.recordsSkipped,
      records_rejected: run.recordsRejected,
      repairs: run.repairs,
      unknown_fields: run.unknownFields,
      folded: countsByDay(run.folded),
      overwritten: countsByDay(run.overwritten),
      overwritten_sources: run.overwrittenSources,
      columns: run.columns,
      warnings: run.warnings,
      days: run.days.map(formatDay),
      changes: run.changes.length === 0 ? '' : JSON.stringify(run.changes),
      watermark: dayOrNull(run.watermark),
      bytes_read: run.bytesRead,
      error_code: run.errorCode,
      error_message: run.errorMessage,
      version: lastVersion,
      is_deleted: 0,
    };
    const body = [jsonRow(row)];
    await store.insert('ingest_runs', insertColumns(row), 'JSONEachRow', body, {
      requestId: run.requestId,
      changesAnswersOf,
    });
  };

  return {
    save: (run) => insert(run, [run.workspace]),
    saveProgress: (run) => insert(run, []),
    async find(workspace, id) {
      const [run] = await select(
        sql`workspace = ${bind('String', workspace)} AND run_id = ${bind('UUID', id)}`,
      );
      return run;
    },
    findByIdempotencyKey: (workspace, key) =>
      select(
        sql`workspace = ${bind('String', workspace)} AND idempotency_key = ${bind('String', key)} ORDER BY toString(run_id)`,
      ),
    list: (workspace, filter) =>
      select(
        sql`workspace = ${bind('String', workspace)}
        ${filter.source === undefined ? empty : sql`AND source = ${bind('String', filter.source)}`}
        ${filter.status === undefined ? empty : sql`AND status = ${bind('String', filter.status)}`}
        ${filter.before === undefined ? empty : sql`AND toString(run_id) < ${bind('String', filter.before)}`}
        ORDER BY toString(run_id) DESC LIMIT ${bind('UInt64', filter.limit)}`,
      ),
    unfinished: () => select(sql`status IN ('queued', 'running') ORDER BY toString(run_id)`),
    async lastStart(workspace, source) {
      const [row] = await store.select(
        z.object({ at: instant.nullable() }),
        sql`SELECT max(started_at) AS at FROM ingest_runs
            WHERE workspace = ${bind('String', workspace)} AND source = ${bind('String', source)}`,
      );
      return row?.at ?? undefined;
    },
    async watermark(source) {
      const [row] = await store.select(
        z.object({ watermark: day }),
        sql`SELECT max(watermark) AS watermark FROM ingest_runs FINAL
            WHERE ${isOf(source)} AND status IN ('succeeded', 'partial')`,
      );
      return row?.watermark;
    },
    async columns(source) {
      const [row] = await store.select(
        z.object({ shape: shares }),
        sql`SELECT argMax(columns, started_at) AS shape FROM ingest_runs FINAL
            WHERE ${isOf(source)}
              AND status IN ('succeeded', 'partial') AND dry_run = 0 AND replay_of = '' AND notEmpty(columns)`,
      );
      return row?.shape ?? {};
    },
    async daysReadSince(source, startedAt) {
      const rows = await store.select(
        z.object({ day }),
        sql`SELECT DISTINCT arrayJoin(days) AS day FROM ingest_runs FINAL
            WHERE ${isOf(source)}
              AND status IN ('succeeded', 'partial') AND replay_of = '' AND dry_run = 0
              AND started_at > fromUnixTimestamp64Milli(toInt64(${bind('UInt64', startedAt)}))`,
      );
      return new Set(rows.flatMap((row) => row.day ?? []));
    },
    async freshness(workspace) {
      const [row] = await store.select(
        z.object({ at: instant.nullable() }),
        sql`SELECT max(finished_at) AS at FROM ingest_runs WHERE workspace = ${bind('String', workspace)}
            AND source NOT IN (${bind('String', attributionSource)}, ${bind('String', sinkSource)}) AND status IN ('succeeded', 'partial')`,
      );
      return row?.at ?? undefined;
    },
  };
}
