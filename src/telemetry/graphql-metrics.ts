import { Counter, Histogram, type Registry } from 'prom-client';
import { secondsBuckets } from './buckets.ts';

/** The label `operation` of documents that are in no manifest: callers choose their names, so they are not bounded. */
export const otherOperation = 'other';

/** `caller_error`: the caller can correct it. `server_error`: only the operator can. */
export type OperationOutcome = 'ok' | 'caller_error' | 'server_error';

/** One executed operation. */
interface MeasuredOperation {
  /** Its name if a manifest has the document, else `otherOperation`. */
  readonly operation: string;
  readonly kind: string;
  readonly outcome: OperationOutcome;
  readonly seconds: number;
}

export interface GraphqlMetrics {
  onGraphql(measured: MeasuredOperation): void;
  onResponseCache(outcome: 'hit' | 'miss' | 'collapsed'): void;
}

export function createGraphqlMetrics(registry: Registry): GraphqlMetrics {
  const registers = [registry];
  const operations = new Counter({
    name: 'graphql_operations_total',
    help: 'Executed GraphQL queries and mutations, without responses from the cache, by name (`other` if a caller wrote the document) and outcome: ok, caller_error or server_error (which the caller cannot correct).',
    labelNames: ['operation', 'kind', 'outcome'],
    registers,
  });
  const seconds = new Histogram({
    name: 'graphql_operation_duration_seconds',
    help: 'Execution time of GraphQL operations in seconds.',
    labelNames: ['operation', 'kind'],
    buckets: secondsBuckets,
    registers,
  });
  const cached = new Counter({
    name: 'graphql_response_cache_total',
    help: 'GraphQL queries by outcome of the response cache: hit, miss, or collapsed (they share the result of an identical query that was running).',
    labelNames: ['outcome'],
    registers,
  });
  return {
    onGraphql({ operation, kind, outcome, seconds: took }) {
      operations.inc({ operation, kind, outcome });
      seconds.observe({ operation, kind }, took);
    },
    onResponseCache: (outcome) => cached.inc({ outcome }),
  };
}
