import { collectDefaultMetrics, Registry } from 'prom-client';
import { type AuditMetrics, createAuditMetrics } from './telemetry/audit-metrics.ts';
import { type BufferMetrics, createBufferMetrics } from './telemetry/buffer-metrics.ts';
import { type ClickHouseMetrics, createClickHouseMetrics } from './telemetry/clickhouse-metrics.ts';
import { createGraphqlMetrics, type GraphqlMetrics } from './telemetry/graphql-metrics.ts';
import { createHttpMetrics, type HttpMetrics } from './telemetry/http-metrics.ts';
import { createIngestMetrics, type IngestMetrics } from './telemetry/ingest-metrics.ts';
import { createSourceMetrics, type SourceMetrics } from './telemetry/source-metrics.ts';
import { createStoreMetrics, type StoreMetrics } from './telemetry/store-metrics.ts';
import { createWebhookMetrics, type WebhookMetrics } from './telemetry/webhook-metrics.ts';
import { noTracer, type Tracer } from './tracer.ts';

/** The metrics for Prometheus, and the tracer. Label values are bounded: never SQL, ids or workspaces. */
export interface Telemetry
  extends HttpMetrics,
    GraphqlMetrics,
    ClickHouseMetrics,
    SourceMetrics,
    IngestMetrics,
    BufferMetrics,
    StoreMetrics,
    AuditMetrics,
    WebhookMetrics {
  readonly registry: Registry;
  readonly tracer: Tracer;
}

export function createTelemetry(tracer: Tracer = noTracer): Telemetry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    tracer,
    ...createHttpMetrics(registry),
    ...createGraphqlMetrics(registry),
    ...createClickHouseMetrics(registry),
    ...createSourceMetrics(registry),
    ...createIngestMetrics(registry),
    ...createBufferMetrics(registry),
    ...createStoreMetrics(registry),
    ...createAuditMetrics(registry),
    ...createWebhookMetrics(registry),
  };
}
