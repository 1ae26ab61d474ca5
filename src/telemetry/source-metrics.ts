import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { BreakerState } from '../http-client/circuit-breaker.ts';
import { secondsBuckets } from './buckets.ts';

/** A circuit breaker, whose state is read at each scrape. */
interface Breaker {
  state(): BreakerState;
}

export interface SourceMetrics {
  onSource(source: string, outcome: string, seconds: number): void;
  observeBreaker(name: string, breaker: Breaker): void;
  forgetBreaker(name: string): void;
}

const breakerStates: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 1, open: 2 };

export function createSourceMetrics(registry: Registry): SourceMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'source_requests_total',
    help: 'Requests to sources by outcome; each attempt counts.',
    labelNames: ['source', 'outcome'],
    registers,
  });
  const seconds = new Histogram({
    name: 'source_request_duration_seconds',
    help: 'Duration of an attempt in seconds, including the wait for the rate limit: up to the headers of a streamed response, or up to the end of a page.',
    labelNames: ['source'],
    buckets: secondsBuckets,
    registers,
  });
  const breakers = new Map<string, Breaker>();
  new Gauge({
    name: 'circuit_breaker_state',
    help: 'State of the circuit breaker of each source, and of the writes of pushed records (`clickhouse`): 0 closed, 1 half-open, 2 open.',
    labelNames: ['name'],
    registers,
    collect() {
      for (const [name, breaker] of breakers) this.set({ name }, breakerStates[breaker.state()]);
    },
  });
  return {
    onSource(source, outcome, took) {
      requests.inc({ source, outcome });
      seconds.observe({ source }, took);
    },
    observeBreaker: (name, breaker) => void breakers.set(name, breaker),
    forgetBreaker: (name) => void breakers.delete(name),
  };
}
