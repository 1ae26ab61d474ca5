import pino, { type DestinationStream, type Logger } from 'pino';

export type { Logger } from 'pino';

/** The logger of a part that lives as long as the program: its level follows. */
export function partLogger(logger: Logger, part: string): Logger {
  const own = logger.child({ part });
  logger.on('level-change', (level, _value, _before, _valueBefore, changed) => {
    // Children tell their parents' listeners, too.
    if (changed === logger) own.level = level;
  });
  return own;
}

/** One JSON line an event, by default on standard output; secrets in well-known places are masked. */
export function createLogger(options: { level: string; destination?: DestinationStream }): Logger {
  const settings = {
    level: options.level,
    base: { service: 'utmql' },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: ['*.password', '*.authorization', 'headers.authorization', 'headers.cookie'],
      censor: '[redacted]',
    },
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}
