import type { Config } from '../config/config.ts';

/** What each caller may use, in this process. */
export interface LimitSettings {
  readonly requestsPerMinute: number;
  readonly pushesPerMinute: number;
  readonly costPerMinute: number;
  /** Queries and mutations at work at a time, as many subscriptions, and as many pushes to `/ingest/…`. */
  readonly concurrency: number;
}

const usual = { requestsPerMinute: 6_000, costPerMinute: 20_000_000, concurrency: 20 };

/** Where nobody logs in, callers are known only by their address, and all programs of a machine have one. */
const openFactor = 100;

export function limitSettings(
  config: Pick<
    Config,
    | 'RATE_LIMIT_PER_MINUTE'
    | 'PUSH_RATE_LIMIT_PER_MINUTE'
    | 'QUERY_COST_PER_MINUTE'
    | 'CALLER_MAX_CONCURRENCY'
  >,
  isOpen: boolean,
): LimitSettings {
  const factor = isOpen ? openFactor : 1;
  return {
    requestsPerMinute: config.RATE_LIMIT_PER_MINUTE ?? usual.requestsPerMinute * factor,
    pushesPerMinute: config.PUSH_RATE_LIMIT_PER_MINUTE,
    costPerMinute: config.QUERY_COST_PER_MINUTE ?? usual.costPerMinute * factor,
    concurrency: config.CALLER_MAX_CONCURRENCY ?? usual.concurrency * factor,
  };
}
