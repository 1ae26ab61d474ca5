import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { LimitName } from '../limits/limits.ts';
import { secondsBuckets } from './buckets.ts';

export interface HttpMetrics {
  onHttp(route: string, method: string, status: number, seconds: number): void;
  onHttpInFlight(change: 1 | -1): void;
  /** A caller was refused because a limit was used up. */
  onRateLimited(limit: LimitName | 'logins'): void;
}

export function createHttpMetrics(registry: Registry): HttpMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'HTTP requests that have ended, by route (`none` for unknown paths), method and status.',
    labelNames: ['route', 'method', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Duration of HTTP requests in seconds, up to the end of the response; subscriptions and streamed pushes count in full.',
    labelNames: ['route', 'method'],
    buckets: secondsBuckets,
    registers,
  });
  const inFlight = new Gauge({
    name: 'http_requests_in_flight',
    help: 'HTTP requests in progress.',
    registers,
  });
  const rateLimited = new Counter({
    name: 'rate_limited_requests_total',
    help: 'Requests refused because their caller had used up a limit: requests, pushes, cost, concurrency, queries or logins.',
    labelNames: ['limit'],
    registers,
  });
  return {
    onHttp(route, method, status, took) {
      requests.inc({ route, method, status: String(status) });
      seconds.observe({ route, method }, took);
    },
    onHttpInFlight: (change) => inFlight.inc(change),
    onRateLimited: (limit) => rateLimited.inc({ limit }),
  };
}
