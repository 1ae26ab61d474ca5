import type { Config } from '../config/config.ts';

/** The limits of each caller in this process. */
export interface LimitSettings {
  readonly requestsPerMinute: number;
  readonly pushesPerMinute: number;
  readonly costPerMinute: number;
  /** Maximum number of concurrent queries and mutations; the same for subscriptions, and for pushes to `/ingest/…`. */
  readonly concurrency: number;
}

const usual = { requestsPerMinute: 6_000, costPerMinute: 20_000_000, concurrency: 20 };

/** Without authentication, callers are identified only by address, and all programs of a machine share one. */
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
