import { z } from 'zod';
import { httpUrl, optional, webhookSecrets } from './values.ts';
import type { Variable } from './variable.ts';

/** What is watched, and who is told. */
export const alertsVariables = {
  ALERTS_FILE: {
    parse: optional(z.string().min(1)),
    reloads: true,
    description: 'YAML file of alerts. See docs/alerts.md.',
  },
  ALERTS_WEBHOOK_URL: {
    parse: optional(httpUrl),
    secret: true,
    description: 'URL that alerts are posted to.',
  },
  ALERTS_WEBHOOK_SECRET: {
    parse: optional(webhookSecrets),
    secret: true,
    description: 'Secret that signs what is posted to ALERTS_WEBHOOK_URL, or several, as in SINK_SECRET.',
  },
} as const satisfies Readonly<Record<string, Variable<unknown>>>;
