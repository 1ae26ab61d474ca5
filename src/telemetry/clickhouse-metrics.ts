import { Histogram, type Registry } from 'prom-client';
import { secondsBuckets } from './buckets.ts';

export interface ClickHouseMetrics {
  onClickHouse(kind: 'read' | 'command' | 'insert', outcome: 'ok' | 'error', seconds: number): void;
}

export function createClickHouseMetrics(registry: Registry): ClickHouseMetrics {
  const seconds = new Histogram({
    name: 'clickhouse_query_duration_seconds',
    help: 'Duration of calls to ClickHouse in seconds, including retries, by kind: read, command or insert.',
    labelNames: ['kind', 'outcome'],
    buckets: secondsBuckets,
    registers: [registry],
  });
  return { onClickHouse: (kind, outcome, took) => seconds.observe({ kind, outcome }, took) };
}
