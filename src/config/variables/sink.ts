import { z } from 'zod';
import { dimensionNames, standardMeasures } from '../../metrics/registry.ts';
import { httpUrl, nameList, optional, webhookSecrets, wholeNumber } from './values.ts';
import type { Variable } from './variable.ts';

/** Where figures are exported to, and when. */
export const sinkVariables = {
  SINK_URL: {
    parse: optional(httpUrl),
    secret: true,
    description: 'URL that `exportMetrics` posts figures to. See docs/sink.md.',
  },
  SINK_SECRET: {
    parse: optional(webhookSecrets),
    secret: true,
    description:
      'Secret that signs what is posted to SINK_URL: `whsec_` and base64, or any text, of at least 24 bytes. Several, with commas between, all sign; the first also signs `X-Signature`.',
  },
  SINK_AFTER: {
    parse: z.enum(['none', 'run'], 'is neither none nor run'),
    default: 'none',
    description: '`run` exports the days that each ingest run has touched.',
  },
  SINK_GROUP_BY: {
    parse: nameList(dimensionNames),
    default: 'DATE,CHANNEL,CAMPAIGN_ID',
    description: 'Dimensions of exports after runs, and of `exportMetrics` without `groupBy`.',
  },
  SINK_MEASURES: {
    parse: nameList(standardMeasures),
    default: 'IMPRESSIONS,CLICKS,COST,LEADS,OPPORTUNITIES,CLOSED_WON,REVENUE',
    description: 'Measures of exports after runs, and of `exportMetrics` without `measures`.',
  },
  SINK_PAGE_ROWS: {
    parse: wholeNumber(1, 10_000),
    default: '1000',
    description: 'Maximum number of rows in one message to the sink.',
  },
  SINK_TIMEOUT_MS: {
    parse: wholeNumber(100, 600_000),
    default: '30000',
    description: 'Maximum wait for the response of the sink.',
  },
  SINK_PATIENCE_MS: {
    parse: wholeNumber(0, 86_400_000),
    default: '900000',
    description: 'How long a message is sent again while the sink does not take it, before the export fails.',
  },
  SINK_RETRY_MS: {
    parse: wholeNumber(1, 60_000),
    default: '500',
    description:
      'Approximate first wait before a message is sent again. Each wait is longer, up to 60 times that.',
  },
} as const satisfies Readonly<Record<string, Variable<unknown>>>;
