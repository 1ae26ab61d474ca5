import { z } from 'zod';
import { httpUrl, optional, wholeNumber } from './values.ts';
import type { Variable } from './variable.ts';

/** What is pulled, and when. */
export const sourcesVariables = {
  ADS_API_URL: {
    parse: optional(httpUrl),
    secret: true,
    reloads: true,
    description: 'URL of the ads feed (source `ads`).',
  },
  CRM_API_URL: {
    parse: optional(httpUrl),
    secret: true,
    reloads: true,
    description: 'URL of the CRM feed (source `crm`).',
  },
  SOURCE_TIMEOUT_MS: {
    parse: wholeNumber(100, 3_600_000),
    default: '30000',
    reloads: true,
    description: 'Maximum time without data from a source, before or during its response.',
  },
  SOURCE_ATTEMPTS: {
    parse: wholeNumber(1, 20),
    default: '4',
    reloads: true,
    description: 'Number of requests to a source before a run fails.',
  },
  SOURCE_PATIENCE_MS: {
    parse: wholeNumber(0, 3_600_000),
    default: '150000',
    reloads: true,
    description: 'Maximum total wait per page for a source that throttles (429) or gives a time to retry.',
  },
  SOURCE_REDIRECTS_TO_PRIVATE: {
    parse: z.enum(['refuse', 'allow'], 'is neither refuse nor allow'),
    default: 'refuse',
    reloads: true,
    description:
      'Whether redirects and next links may lead from a public address to a private one (loopback, private and link-local networks, metadata services): `refuse` or `allow`.',
  },
  SOURCES_FILE: {
    parse: optional(z.string().min(1)),
    reloads: true,
    description:
      'YAML file of sources. See docs/sources.md. `ADS_API_URL` and `CRM_API_URL` are the short form for two plain feeds.',
  },
  SCHEDULER: {
    parse: z.enum(['on', 'off'], 'is neither on nor off'),
    default: 'off',
    reloads: true,
    description: '`on` runs sources by their `schedule` in the sources file.',
  },
  WATERMARK_OVERLAP_DAYS: {
    parse: optional(wholeNumber(0, 365)),
    description:
      'How many days before the last complete day a run without `since` starts, because ad platforms restate figures. Default: as long as the platform restates (Google Ads 30, Meta 28, others 7). `restates_days` of a source overrides it.',
  },
  RAW_RETENTION_DAYS: {
    parse: wholeNumber(0, 36_500),
    default: '30',
    description: 'How many days utmql keeps the original data of sources for `replayRun`. 0 keeps none.',
  },
} as const satisfies Readonly<Record<string, Variable<unknown>>>;
