import closeWithGrace from 'close-with-grace';
import { startApp } from './app.ts';
import { systemClock } from './clock.ts';
import { readConfig } from './config.ts';
import { readEnvironment } from './environment.ts';
import type { UtmqlError } from './errors.ts';
import { boundHeapGrowth } from './heap-growth.ts';
import { createLogger } from './logger.ts';
import { reportStartFailure } from './report-start-failure.ts';
import { runCheck } from './start-checks/run-check.ts';

/** Longest a shutdown may take, after SHUTDOWN_DELAY_MS, before the process ends regardless. */
const shutdownMs = 15_000;

/** Ours: it would end the process at the second signal, and at a SIGHUP. */
const skip: ('SIGTERM' | 'SIGINT' | 'SIGHUP')[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];

try {
  boundHeapGrowth();
  const environment = await readEnvironment(process.env);
  if (process.argv.includes('--check')) process.exit(await runCheck(environment));
  const config = readConfig(environment);
  const logger = createLogger({ level: config.LOG_LEVEL });
  let lost: UtmqlError | undefined;
  let isStopping = false;
  const starting = startApp({
    config,
    environment,
    readEnvironment: () => readEnvironment(process.env),
    logger,
    clock: systemClock,
    onLost: (error) => {
      logger.fatal({ err: error }, error.message);
      lost = error;
      process.kill(process.pid, 'SIGTERM');
    },
  });
  // From now on: without it, the signal would end a program that is still starting.
  process.on('SIGHUP', () => {
    if (!isStopping) void starting.then((started) => started.reload()).catch(() => undefined);
  });
  const app = await starting;
  const grace = closeWithGrace(
    { delay: shutdownMs + config.SHUTDOWN_DELAY_MS, logger: false, skip },
    async ({ err }) => {
      if (err) logger.fatal({ err }, 'an unexpected error ends the program');
      await app.stop();
      logger.info('stopped');
      // After a handler that throws, the process ends with code 1, so that a supervisor restarts it.
      if (lost) throw lost;
    },
  );
  const stop = (signal: NodeJS.Signals): void => {
    if (isStopping) {
      logger.info({ signal }, 'is shutting down already');
      return;
    }
    isStopping = true;
    logger.info({ signal }, 'shutting down');
    void grace.close();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
} catch (error) {
  reportStartFailure(error);
  process.exit(1);
}
