import { toUtmqlError, type UtmqlError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';

/** Steps of a push. Each is tried whatever happened to the one before: what was whole is kept. */
export interface Attempts {
  attempt(step: () => Promise<void>): Promise<void>;
  /** Of the first step that failed. */
  readonly failure: UtmqlError | undefined;
}

export function createAttempts(logger: Logger, requestId: string): Attempts {
  let failure: UtmqlError | undefined;
  return {
    async attempt(step) {
      try {
        await step();
      } catch (error) {
        failure ??= toUtmqlError(error, 'The push failed for a reason that has been logged.');
        if (failure.code === 'INTERNAL') logger.error({ err: error, requestId }, 'a push failed');
      }
    },
    get failure() {
      return failure;
    },
  };
}
