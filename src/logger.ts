import pino, { type Logger } from 'pino';

export type { Logger } from 'pino';

/** One JSON line an event on standard output; secrets in well-known places are masked. */
export function createLogger(options: { level: string }): Logger {
  return pino({
    level: options.level,
    base: { service: 'utmql' },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: ['*.password', '*.authorization', 'headers.authorization', 'headers.cookie'],
      censor: '[redacted]',
    },
  });
}
