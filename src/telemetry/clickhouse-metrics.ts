import { Counter, Histogram, type Registry } from 'prom-client';
import type { OverloadReason } from '../admission/admission.ts';
import { secondsBuckets } from './buckets.ts';

export interface ClickHouseMetrics {
  onClickHouse(kind: 'read' | 'command' | 'insert', outcome: 'ok' | 'error', seconds: number): void;
  /** A caller's query was not answered because there was too much to do. */
  onOverloaded(reason: OverloadReason): void;
}

export function createClickHouseMetrics(registry: Registry): ClickHouseMetrics {
  const seconds = new Histogram({
    name: 'clickhouse_query_duration_seconds',
    help: 'Duration of calls to ClickHouse in seconds, including retries, by kind: read, command or insert.',
    labelNames: ['kind', 'outcome'],
    buckets: secondsBuckets,
    registers: [registry],
  });
  const overloaded = new Counter({
    name: 'overloaded_queries_total',
    help: 'Queries, and requests as a whole, that were refused with OVERLOADED, by reason: too many wait (queue), the turn came too late (wait), others at work had the memory (memory), or ClickHouse refused (clickhouse).',
    labelNames: ['reason'],
    registers: [registry],
  });
  return {
    onClickHouse: (kind, outcome, took) => seconds.observe({ kind, outcome }, took),
    onOverloaded: (reason) => overloaded.inc({ reason }),
  };
}
