import type { z } from 'zod';

/** An environment variable. */
export interface Variable<T> {
  readonly parse: z.ZodType<T, string>;
  /** As it would stand in the environment; undefined: without it, the variable is not set. */
  readonly default?: string;
  readonly description: string;
  readonly secret?: true;
  /** A SIGHUP puts another value into force. */
  readonly reloads?: true;
}
