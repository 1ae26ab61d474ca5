import type { ErrorCode } from './error-codes.ts';

/**
 * The one error class of the program. `message` is written for the caller: it says what to change and never holds SQL,
 * stack traces or secrets. What an operator needs beside it goes in `cause`, which is only logged.
 */
export class UtmqlError extends Error {
  readonly code: ErrorCode;
  /** True when the same call can succeed later without anybody changing anything. */
  readonly retryable: boolean;
  /** When calling again is worth it, where that is known. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { retryable?: boolean; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'UtmqlError';
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** A caller's mistake. The sentence names the argument and the valid choices. */
export const badInput = (message: string): UtmqlError => new UtmqlError('BAD_USER_INPUT', message);

/** What callers are told of a mistake in the program. */
export const unexpected = 'The server could not answer this request. It has been logged.';

/** Whatever was thrown, as the program's own error: INTERNAL with `message` where it is none already. */
export const toUtmqlError = (error: unknown, message: string = unexpected): UtmqlError =>
  error instanceof UtmqlError ? error : new UtmqlError('INTERNAL', message, { cause: error });
