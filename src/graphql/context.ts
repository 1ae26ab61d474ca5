import type { Caller, Ingest } from '../ingest/ingest.ts';
import type { Logger } from '../logger.ts';
import type { MetricsLoader } from '../metrics/loader.ts';
import type { Day } from '../records/day.ts';

/** What resolvers work with: made anew for each request. */
export interface Context {
  readonly caller: Caller;
  readonly logger: Logger;
  readonly metrics: MetricsLoader;
  readonly ingest: Ingest;
  /** Today in REPORTING_TIMEZONE. */
  readonly today: () => Day;
}
