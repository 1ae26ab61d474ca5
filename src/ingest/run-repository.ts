import { z } from 'zod';
import { bind, empty, type Sql, sql } from '../clickhouse/sql.ts';
import { columnsOf, type Store } from '../clickhouse/store.ts';
import { formatDay, parseIsoDay } from '../records/day.ts';
import { type IngestRun, ingestModes, type RunStatus, runStatuses } from './run.ts';

const day = z
  .string()
  .nullable()
  .transform((text) => (text === null ? undefined : parseIsoDay(text)));
const instant = z.string().transform((text) => Date.parse(text));
const counts = z.record(z.string(), z.coerce.number());

const runRow = z
  .object({
    run_id: z.string(),
    workspace: z.string(),
    trigger_id: z.string(),
    idempotency_key: z.string(),
    source: z.string(),
    mode: z.enum(ingestModes),
    requested_by: z.string(),
    request_id: z.string(),
    since: day,
    until: day,
    status: z.enum(runStatuses),
    created_at: instant,
    started_at: instant.nullable(),
    finished_at: instant.nullable(),
    records_read: z.number(),
    records_written: z.number(),
    records_skipped: counts,
    records_rejected: counts,
    repairs: counts,
    bytes_read: z.number(),
    error_code: z.string(),
    error_message: z.string(),
  })
  .transform(
    (row): IngestRun => ({
      id: row.run_id,
      workspace: row.workspace,
      triggerId: row.trigger_id,
      idempotencyKey: row.idempotency_key,
      source: row.source,
      mode: row.mode,
      requestedBy: row.requested_by,
      requestId: row.request_id,
      since: row.since,
      until: row.until,
      status: row.status,
      createdAt: row.created_at,
      startedAt: row.started_at ?? undefined,
      finishedAt: row.finished_at ?? undefined,
      recordsRead: row.records_read,
      recordsWritten: row.records_written,
      recordsSkipped: row.records_skipped,
      recordsRejected: row.records_rejected,
      repairs: row.repairs,
      bytesRead: row.bytes_read,
      errorCode: row.error_code,
      errorMessage: row.error_message,
    }),
  );

const selected = sql`run_id, workspace, trigger_id, idempotency_key, source, mode, requested_by, request_id, since, until, status,
  created_at, started_at, finished_at, records_read, records_written, records_skipped, records_rejected, repairs, bytes_read,
  error_code, error_message`;

export interface RunFilter {
  readonly source?: string | undefined;
  readonly status?: RunStatus | undefined;
  /** Runs before this one (older). */
  readonly before?: string | undefined;
  readonly limit: number;
}

/** The table of runs. */
export interface RunRepository {
  /** Stores the run's present state; later saves replace earlier ones. */
  save(run: IngestRun): Promise<void>;
  find(workspace: string, id: string): Promise<IngestRun | undefined>;
  /** The runs of one call, by the key that the caller gave it. */
  findByIdempotencyKey(workspace: string, key: string): Promise<IngestRun[]>;
  /** Newest first. */
  list(workspace: string, filter: RunFilter): Promise<IngestRun[]>;
  /** When data last changed: the end of the last run that stored something, epoch milliseconds. */
  freshness(workspace: string): Promise<number | undefined>;
}

export function createRunRepository(store: Store): RunRepository {
  let lastVersion = 0;
  const select = (condition: Sql) =>
    store.select(runRow, sql`SELECT ${selected} FROM ingest_runs FINAL WHERE ${condition}`);
  const isoOrNull = (epochMs: number | undefined) =>
    epochMs === undefined ? null : new Date(epochMs).toISOString();
  const dayOrNull = (value: number | undefined) => (value === undefined ? null : formatDay(value));

  return {
    async save(run) {
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
        requested_by: run.requestedBy,
        request_id: run.requestId,
        since: dayOrNull(run.since),
        until: dayOrNull(run.until),
        status: run.status,
        created_at: isoOrNull(run.createdAt),
        started_at: isoOrNull(run.startedAt),
        finished_at: isoOrNull(run.finishedAt),
        records_read: run.recordsRead,
        records_written: run.recordsWritten,
        records_skipped: run.recordsSkipped,
        records_rejected: run.recordsRejected,
        repairs: run.repairs,
        bytes_read: run.bytesRead,
        error_code: run.errorCode,
        error_message: run.errorMessage,
        version: lastVersion,
        is_deleted: 0,
      };
      const body = [Buffer.from(JSON.stringify(row))];
      await store.insert('ingest_runs', columnsOf(row), 'JSONEachRow', body, {
        requestId: run.requestId,
      });
    },
    async find(workspace, id) {
      const [run] = await select(
        sql`workspace = ${bind('String', workspace)} AND run_id = ${bind('UUID', id)}`,
      );
      return run;
    },
    findByIdempotencyKey: (workspace, key) =>
      select(
        sql`workspace = ${bind('String', workspace)} AND idempotency_key = ${bind('String', key)} ORDER BY run_id`,
      ),
    list: (workspace, filter) =>
      select(sql`workspace = ${bind('String', workspace)}
        ${filter.source === undefined ? empty : sql`AND source = ${bind('String', filter.source)}`}
        ${filter.status === undefined ? empty : sql`AND status = ${bind('String', filter.status)}`}
        ${filter.before === undefined ? empty : sql`AND toString(run_id) < ${bind('String', filter.before)}`}
        ORDER BY toString(run_id) DESC LIMIT ${bind('UInt64', filter.limit)}`),
    async freshness(workspace) {
      const [row] = await store.select(
        z.object({ at: instant.nullable() }),
        sql`SELECT max(finished_at) AS at FROM ingest_runs WHERE workspace = ${bind('String', workspace)}
            AND status IN ('succeeded', 'partial')`,
      );
      return row?.at ?? undefined;
    },
  };
}
