/** What went wrong, as callers see it in `extensions.code`. */
export type ErrorCode =
  | 'BAD_USER_INPUT'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'AUTHENTICATION_UNAVAILABLE'
  | 'RATE_LIMITED'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'IDEMPOTENCY_KEY_REUSED'
  | 'UNREADABLE_BODY'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'TOO_LARGE'
  | 'BUFFER_FULL'
  | 'BUFFER_UNAVAILABLE'
  | 'TIMEOUT'
  | 'CANCELLED'
  | 'QUERY_TOO_EXPENSIVE'
  | 'FIGURE_TOO_LARGE'
  | 'STORE_UNAVAILABLE'
  | 'SOURCE_UNAVAILABLE'
  | 'SOURCE_REFUSED'
  | 'SOURCE_MALFORMED'
  | 'CONFIGURATION'
  | 'INTERNAL';

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

/** Codes of errors that no caller can mend. Others, graphql-js's among them, are answers to what was asked. */
const serversFaults: ReadonlySet<unknown> = new Set<ErrorCode>([
  'AUTHENTICATION_UNAVAILABLE',
  'BUFFER_UNAVAILABLE',
  'TIMEOUT',
  'STORE_UNAVAILABLE',
  'SOURCE_UNAVAILABLE',
  'SOURCE_REFUSED',
  'SOURCE_MALFORMED',
  'CONFIGURATION',
  'INTERNAL',
]);

export const isServersFault = (code: unknown): boolean => serversFaults.has(code);

/** A caller's mistake. The sentence names the argument and the valid choices. */
export const badInput = (message: string): UtmqlError => new UtmqlError('BAD_USER_INPUT', message);

/** Whatever was thrown, as the program's own error: INTERNAL with `message` where it is none already. */
export const toUtmqlError = (error: unknown, message: string): UtmqlError =>
  error instanceof UtmqlError ? error : new UtmqlError('INTERNAL', message, { cause: error });
