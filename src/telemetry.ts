import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { BufferStats } from './ingest/buffer/buffer.ts';
import type { BreakerState } from './ingest/circuit-breaker.ts';
import type { PushCounts } from './ingest/push/push-run.ts';
import { type IngestRun, pushSource } from './ingest/run.ts';

/** What is measured, for Prometheus. Labels are bounded: never SQL, ids or workspaces. */
export interface Telemetry {
  readonly registry: Registry;
  onHttp(route: string, method: string, status: number, seconds: number): void;
  onHttpInFlight(change: 1 | -1): void;
  onGraphql(kind: string, outcome: 'ok' | 'error', seconds: number): void;
  onResponseCache(outcome: 'hit' | 'miss' | 'collapsed'): void;
  onClickHouse(kind: 'read' | 'command' | 'insert', outcome: 'ok' | 'error', seconds: number): void;
  onSource(source: string, outcome: string, seconds: number): void;
  onRun(run: IngestRun): void;
  /** Records were pushed, and are stored or durable. */
  onPush(counts: PushCounts): void;
  /** The write-ahead buffer, looked at whenever Prometheus asks. */
  observeBuffer(buffer: { stats(): BufferStats }, now: () => number): void;
  /** A circuit breaker, looked at whenever Prometheus asks. */
  observeBreaker(name: string, breaker: { state(): BreakerState }): void;
}

const breakerStates: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 1, open: 2 };

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createTelemetry(): Telemetry {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const httpRequests = new Counter({
    name: 'http_requests_total',
    help: 'HTTP requests answered.',
    labelNames: ['route', 'method', 'status'],
    registers,
  });
  const httpSeconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from request to answer.',
    labelNames: ['route', 'method'],
    buckets: secondsBuckets,
    registers,
  });
  const httpInFlight = new Gauge({
    name: 'http_requests_in_flight',
    help: 'HTTP requests being answered.',
    registers,
  });
  const operations = new Counter({
    name: 'graphql_operations_total',
    help: 'GraphQL operations executed.',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const operationSeconds = new Histogram({
    name: 'graphql_operation_duration_seconds',
    help: 'Time to execute a GraphQL operation.',
    labelNames: ['kind'],
    buckets: secondsBuckets,
    registers,
  });
  const cachedResponses = new Counter({
    name: 'graphql_response_cache_total',
    help: 'Queries by how the response cache answered: hit, miss, or collapsed into one that was at work.',
    labelNames: ['outcome'],
    registers,
  });
  const clickhouseSeconds = new Histogram({
    name: 'clickhouse_query_duration_seconds',
    help: 'Time of a call to ClickHouse.',
    labelNames: ['kind', 'outcome'],
    buckets: secondsBuckets,
    registers,
  });
  const sourceRequests = new Counter({
    name: 'source_requests_total',
    help: 'Requests to sources.',
    labelNames: ['source', 'outcome'],
    registers,
  });
  const sourceSeconds = new Histogram({
    name: 'source_request_duration_seconds',
    help: 'Time until a source answered with headers.',
    labelNames: ['source'],
    buckets: secondsBuckets,
    registers,
  });
  const runs = new Counter({
    name: 'ingest_requests_total',
    help: 'Ingest runs that ended.',
    labelNames: ['source', 'status'],
    registers,
  });
  const failures = new Counter({
    name: 'ingest_failures_total',
    help: 'Ingest runs that ended as failed or partial.',
    labelNames: ['source', 'code'],
    registers,
  });
  const latency = new Histogram({
    name: 'ingest_latency_seconds',
    help: 'Duration of ingest runs.',
    labelNames: ['source'],
    buckets: [0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3_600],
    registers,
  });
  const records = new Counter({
    name: 'ingest_records_total',
    help: 'Records of ingest runs and pushes.',
    labelNames: ['source', 'outcome'],
    registers,
  });
  const rejects = new Counter({
    name: 'rejected_records_total',
    help: 'Records that could not be stored, by reason; each is kept whole.',
    labelNames: ['source', 'reason'],
    registers,
  });
  const repairs = new Counter({
    name: 'ingest_repairs_total',
    help: 'Repairs of fields.',
    labelNames: ['source', 'kind'],
    registers,
  });
  const breakers = new Map<string, { state(): BreakerState }>();
  new Gauge({
    name: 'circuit_breaker_state',
    help: 'Circuit breakers: 0 closed, 1 half-open (on trial), 2 open.',
    labelNames: ['name'],
    registers,
    collect() {
      for (const [name, breaker] of breakers) this.set({ name }, breakerStates[breaker.state()]);
    },
  });
  const countRejects = (source: string, rejected: Readonly<Record<string, number>>): void => {
    for (const [reason, count] of Object.entries(rejected)) rejects.inc({ source, reason }, count);
  };
  const sum = (counts: Readonly<Record<string, number>>): number =>
    Object.values(counts).reduce((total, count) => total + count, 0);

  return {
    registry,
    onHttp(route, method, status, seconds) {
      httpRequests.inc({ route, method, status: String(status) });
      httpSeconds.observe({ route, method }, seconds);
    },
    onHttpInFlight: (change) => httpInFlight.inc(change),
    onGraphql(kind, outcome, seconds) {
      operations.inc({ kind, outcome });
      operationSeconds.observe({ kind }, seconds);
    },
    onResponseCache: (outcome) => cachedResponses.inc({ outcome }),
    onClickHouse: (kind, outcome, seconds) => clickhouseSeconds.observe({ kind, outcome }, seconds),
    onSource(source, outcome, seconds) {
      sourceRequests.inc({ source, outcome });
      sourceSeconds.observe({ source }, seconds);
    },
    onRun(run) {
      const { source } = run;
      runs.inc({ source, status: run.status });
      if (run.status === 'failed' || run.status === 'partial') failures.inc({ source, code: run.errorCode });
      if (run.startedAt !== undefined && run.finishedAt !== undefined) {
        latency.observe({ source }, (run.finishedAt - run.startedAt) / 1_000);
      }
      records.inc({ source, outcome: 'written' }, run.recordsWritten);
      records.inc({ source, outcome: 'skipped' }, sum(run.recordsSkipped));
      records.inc({ source, outcome: 'rejected' }, sum(run.recordsRejected));
      for (const [kind, count] of Object.entries(run.repairs)) repairs.inc({ source, kind }, count);
      countRejects(source, run.recordsRejected);
    },
    onPush(counts) {
      const source = pushSource;
      const skipped = sum(counts.skipped);
      const rejected = sum(counts.rejected);
      records.inc({ source, outcome: 'written' }, Math.max(0, counts.read - skipped - rejected));
      if (skipped > 0) records.inc({ source, outcome: 'skipped' }, skipped);
      if (rejected > 0) records.inc({ source, outcome: 'rejected' }, rejected);
      for (const [kind, count] of Object.entries(counts.repairs)) repairs.inc({ source, kind }, count);
      countRejects(source, counts.rejected);
    },
    observeBuffer(buffer, now) {
      const gauge = (name: string, help: string, read: (stats: BufferStats) => number): void => {
        new Gauge({
          name,
          help,
          registers,
          collect() {
            this.set(read(buffer.stats()));
          },
        });
      };
      gauge('buffer_records', 'Pushed records that wait for ClickHouse.', (stats) => stats.records);
      gauge('buffer_bytes', 'Disk space that the buffer of pushed records takes.', (stats) => stats.bytes);
      gauge('buffer_oldest_seconds', 'For how long the oldest pushed record has waited.', ({ oldestAt }) =>
        oldestAt === undefined ? 0 : Math.max(0, now() - oldestAt) / 1_000,
      );
      gauge(
        'buffer_corrupt_records',
        'Corrupt records found in the buffer since the start.',
        (stats) => stats.setAside,
      );
    },
    observeBreaker: (name, breaker) => void breakers.set(name, breaker),
  };
}
