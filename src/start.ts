import closeWithGrace from 'close-with-grace';
import { startApp } from './app.ts';
import { readConfig, readEnvironment } from './config/config.ts';
import type { UtmqlError } from './errors.ts';
import { boundHeapGrowth } from './heap-growth.ts';
import { createLogger, type Logger } from './logger.ts';
import { reportStartFailure } from './report-start-failure.ts';
import { systemClock } from './time.ts';

/** Longest a shutdown may take, after SHUTDOWN_DELAY_MS, before the process ends regardless. */
const shutdownMs = 15_000;

/** Ours: it would end the process at the second signal, and at a SIGHUP. */
const skip: ('SIGTERM' | 'SIGINT' | 'SIGHUP')[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/**
 * `utmql start`: runs the program until a signal ends it. Resolves to 0 once it is ready; ends the process where it cannot start.
 */
export async function start(): Promise<number> {
  boundHeapGrowth();
  const stopping = new AbortController();
  let logger: Logger | undefined;
  let lost: UtmqlError | undefined;
  /** Closes the program that runs; while it starts, there is none. */
  let close: (() => void) | undefined;

  // Before anything is opened: without it, a signal would end a program that is still starting in the middle of what it does.
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping.signal.aborted) {
      logger?.info({ signal }, 'is shutting down already');
      return;
    }
    logger?.info({ signal }, 'shutting down');
    stopping.abort();
    if (close === undefined) setTimeout(() => process.exit(1), shutdownMs).unref();
    else close();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);

  try {
    const environment = await readEnvironment(process.env);
    const config = readConfig(environment);
    const log = createLogger({ level: config.LOG_LEVEL });
    logger = log;
    const starting = startApp({
      config,
      environment,
      readEnvironment: () => readEnvironment(process.env),
      logger: log,
      clock: systemClock,
      onLost: (error) => {
        log.fatal({ err: error }, error.message);
        lost = error;
        process.kill(process.pid, 'SIGTERM');
      },
      signal: stopping.signal,
    });
    process.on('SIGHUP', () => {
      if (!stopping.signal.aborted) void starting.then((started) => started.reload()).catch(() => undefined);
    });
    const app = await starting;
    const grace = closeWithGrace(
      { delay: shutdownMs + config.SHUTDOWN_DELAY_MS, logger: false, skip },
      async ({ err }) => {
        if (err) log.fatal({ err }, 'an unexpected error ends the program');
        await app.stop();
        log.info('stopped');
        // After a handler that throws, the process ends with code 1, so that a supervisor restarts it.
        if (lost) throw lost;
      },
    );
    close = () => void grace.close();
    // It came after the last step of the start.
    if (stopping.signal.aborted) close();
    return 0;
  } catch (error) {
    if (stopping.signal.aborted && lost === undefined) {
      logger?.info('stopped');
      process.exit(0);
    }
    reportStartFailure(lost ?? error);
    process.exit(1);
  }
}
