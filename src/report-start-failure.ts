import { UtmqlError } from './errors.ts';

/**
 * Tells on standard error why the program did not start. A wrong configuration gets one screen that says what to change;
 * anything else also its stack and what it was caused by, since nothing has been logged yet.
 */
export function reportStartFailure(error: unknown): void {
  const isConfiguration = error instanceof UtmqlError && error.code === 'CONFIGURATION';
  process.stderr.write(`${isConfiguration ? error.message : withCauses(error)}\n`);
}

function withCauses(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = error.stack ?? error.message;
  return error.cause === undefined ? text : `${text}\nCaused by: ${withCauses(error.cause)}`;
}
