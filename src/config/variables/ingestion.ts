import { wholeNumber } from './values.ts';
import type { Variable } from './variable.ts';

/** How records are written. */
export const ingestionVariables = {
  INGEST_BATCH_MB: {
    parse: wholeNumber(1, 1_024),
    default: '8',
    description: 'Size of the encoded rows that a run collects before it writes them.',
  },
  BUFFER_MAX_SIZE: {
    parse: wholeNumber(1, 100_000_000),
    default: '50000',
    description:
      'Maximum number of pushed records that wait on disk for ClickHouse. Beyond it, pushes get 429.',
  },
  BUFFER_MAX_BYTES: {
    parse: wholeNumber(65_536, Number.MAX_SAFE_INTEGER),
    default: '1073741824',
    description: 'Maximum disk space of pushed records that wait for ClickHouse. Beyond it, pushes get 503.',
  },
  BATCH_SIZE: {
    parse: wholeNumber(1, 1_000_000),
    default: '5000',
    description: 'Number of pushed records in one write to ClickHouse.',
  },
  DRAIN_INTERVAL_MS: {
    parse: wholeNumber(10, 600_000),
    default: '1000',
    description: 'Maximum time that a pushed event waits for its batch to fill.',
  },
} as const satisfies Readonly<Record<string, Variable<unknown>>>;
