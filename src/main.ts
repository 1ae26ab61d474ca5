import closeWithGrace from 'close-with-grace';
import { startApp } from './app.ts';
import { systemClock } from './clock.ts';
import { readConfig } from './config.ts';
import type { UtmqlError } from './errors.ts';
import { createLogger } from './logger.ts';
import { reportStartFailure } from './report-start-failure.ts';

/** Longest a shutdown may take before the process ends regardless. */
const shutdownMs = 15_000;

try {
  const config = readConfig(process.env);
  const logger = createLogger({ level: config.LOG_LEVEL });
  let lost: UtmqlError | undefined;
  const app = await startApp({
    config,
    environment: process.env,
    logger,
    clock: systemClock,
    onLost: (error) => {
      logger.fatal({ err: error }, error.message);
      lost = error;
      process.kill(process.pid, 'SIGTERM');
    },
  });
  closeWithGrace({ delay: shutdownMs, logger: false }, async ({ signal, err }) => {
    if (err) logger.fatal({ err }, 'an unexpected error ends the program');
    logger.info({ signal }, 'shutting down');
    await app.stop();
    logger.info('stopped');
    // After a handler that throws, the process ends with code 1, so that a supervisor restarts it.
    if (lost) throw lost;
  });
} catch (error) {
  reportStartFailure(error);
  process.exit(1);
}
