import { z } from 'zod';
import { optional, wholeNumber } from './values.ts';
import type { Variable } from './variable.ts';

/** The server: where it listens, and what it keeps on disk. */
export const serverVariables = {
  ENV_FILE: {
    parse: optional(z.string().min(1)),
    description:
      'File with lines `NAME=value` that override the environment. SIGHUP reads it again, so you can change values of a running process.',
  },
  HOST: { parse: z.string().min(1), default: '127.0.0.1', description: 'Address to listen on.' },
  PORT: {
    parse: wholeNumber(0, 65_535),
    default: '4000',
    description: 'Port to listen on. 0 takes a free port and logs it.',
  },
  SHUTDOWN_DELAY_MS: {
    parse: wholeNumber(0, 300_000),
    default: '0',
    description:
      'On SIGTERM, `/readyz` answers 503 at once, and utmql accepts requests for this long, so that a load balancer can notice.',
  },
  LOG_LEVEL: {
    parse: z.enum(
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      'is not one of fatal, error, warn, info, debug, trace, silent',
    ),
    default: 'info',
    reloads: true,
    description: 'Minimum log level: fatal, error, warn, info, debug, trace or silent.',
  },
  DATA_DIR: {
    parse: z.string().min(1),
    default: './data',
    description:
      'Folder for utmql’s own ClickHouse server, its keys and the buffer of pushed records. It must be persistent.',
  },
} as const satisfies Readonly<Record<string, Variable<unknown>>>;
