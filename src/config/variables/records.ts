import { z } from 'zod';
import { optional, stageTable, timezone, wholeNumber } from './values.ts';
import type { Variable } from './variable.ts';

/** How records are read, and how long they are kept. */
export const recordsVariables = {
  MODEL_FILE: {
    parse: optional(z.string().min(1)),
    reloads: true,
    description:
      'YAML file of your own words: dimensions, measures, and names that mean the same. See docs/model.md.',
  },
  REPORTING_TIMEZONE: {
    parse: timezone,
    default: 'UTC',
    description: 'IANA time zone that defines the day of an instant, and “today”.',
  },
  REPORTING_CURRENCY: {
    parse: z.string().regex(/^[A-Z]{3}$/, 'is not a three-letter code such as USD'),
    default: 'USD',
    description:
      'Currency of records that have none, and, once there are exchange rates, of answers that name none.',
  },
  ATTRIBUTION_WINDOW_DAYS: {
    parse: wholeNumber(0, 365),
    default: '30',
    description: 'Attribution window: how many days before an opportunity an ads row can match it.',
  },
  STAGE_MAP: {
    parse: stageTable,
    default: '{}',
    description:
      'JSON object that maps your CRM’s stage names to `lead`, `opportunity`, `closed_won` or `closed_lost`. It adds to the built-in names.',
  },
  CONTACT_HASH_KEY: {
    parse: optional(z.string().min(16, 'has fewer than 16 characters')),
    secret: true,
    description: 'Key for hashing `contact_email`. Without it, utmql creates one in `DATA_DIR`.',
  },
  DATA_RETENTION_DAYS: {
    parse: wholeNumber(1, 36_500),
    default: '800',
    description: 'How many days utmql keeps ads rows, opportunities, runs and rejected records.',
  },
  EVENT_RETENTION_DAYS: {
    parse: wholeNumber(1, 36_500),
    default: '30',
    description: 'How many days utmql keeps events.',
  },
  MAX_FUTURE_DAYS: {
    parse: wholeNumber(0, 36_500),
    default: '2',
    description:
      'How many days after today (UTC) the day of a record may be: the `date` of an ads row, `created_at` of an opportunity, `timestamp` of an event.',
  },
  AUDIT_RETENTION_DAYS: {
    parse: wholeNumber(1, 36_500),
    default: '365',
    description: 'How many days utmql keeps the audit log.',
  },
} as const satisfies Readonly<Record<string, Variable<unknown>>>;
