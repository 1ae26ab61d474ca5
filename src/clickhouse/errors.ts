import { ClickHouseError } from '@clickhouse/client';
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { UtmqlError } from '../errors.ts';

const policy = retry(
  handleWhen((error) => error instanceof UtmqlError && error.retryable && !isShortage(error)),
  { maxAttempts: 4, backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 2_000 }) },
);

/**
 * Calls the store again, four times and for a few seconds, while the connection breaks or the server is away.
 *
 * @param work gets how many attempts were made before; what it throws becomes a `UtmqlError`
 * @param signal once aborted, nothing is tried again
 */
export const retryWhileAway = <T>(work: (attempt: number) => Promise<T>, signal?: AbortSignal): Promise<T> =>
  policy.execute(async ({ attempt }) => {
    try {
      return await work(attempt);
    } catch (error) {
      throw classifyStoreError(error);
    }
  }, signal);

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
]);

const unavailableTypes = new Set([
  'NETWORK_ERROR',
  'SOCKET_TIMEOUT',
  'ALL_CONNECTION_TRIES_FAILED',
  'TOO_MANY_PARTS',
  'CANNOT_WRITE_TO_FILE_DESCRIPTOR',
  'KEEPER_EXCEPTION',
  'TABLE_IS_READ_ONLY',
  'ALL_REPLICAS_ARE_STALE',
  // Of a shard, or of replicas that are too few for a quorum.
  'ATTEMPT_TO_READ_AFTER_EOF',
  'CANNOT_READ_FROM_SOCKET',
  'CANNOT_WRITE_TO_SOCKET',
  'DNS_ERROR',
  'NO_ACTIVE_REPLICAS',
  'SHARD_HAS_NO_CONNECTIONS',
  'TOO_FEW_LIVE_REPLICAS',
  'UNKNOWN_STATUS_OF_INSERT',
  'UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE',
  'ABORTED',
  // A repeated command whose first execution has not yet been ended.
  'QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING',
]);

/** What is wrong is a value that was sent. */
const refusedValueTypes = new Set([
  'ARGUMENT_OUT_OF_BOUND',
  'CANNOT_CONVERT_TYPE',
  'CANNOT_PARSE_DATE',
  'CANNOT_PARSE_DATETIME',
  'CANNOT_PARSE_INPUT_ASSERTION_FAILED',
  'CANNOT_PARSE_NUMBER',
  'CANNOT_PARSE_TEXT',
  'DECIMAL_OVERFLOW',
  'INCORRECT_DATA',
  'TOO_LARGE_STRING_SIZE',
  'VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE',
  'VIOLATED_CONSTRAINT',
]);

/** The server had too little of something for this call at this moment. */
const shortageTypes = new Set([
  'CANNOT_ALLOCATE_MEMORY',
  'CANNOT_SCHEDULE_TASK',
  'MEMORY_LIMIT_EXCEEDED',
  'QUOTA_EXCEEDED',
  'SERVER_OVERLOADED',
  'TIMEOUT_EXCEEDED',
  'TOO_SLOW',
]);

/** The memory of the server, or of all queries of its user, and not the limit of the query itself (25.3 to 26.7). */
const sharedMemory = /\(total\)|\(for user\)|User memory limit/;

/** When it is worth asking a database again that was away. */
const retryAfterSeconds = 5;

const narrow = 'Ask for a shorter date range, fewer dimensions or a stricter filter.';

/**
 * Turns whatever `@clickhouse/client` throws into the program's own error. Told apart by ClickHouse's error `type`, by its text
 * only where the operating system's word stands in it (`isDiskFull`), and for whose memory was too little. What ClickHouse said
 * (which can quote SQL) is kept as `cause` for the log and never shown to callers.
 */
export function classifyStoreError(error: unknown): UtmqlError {
  if (error instanceof UtmqlError) return error;
  if (error instanceof ClickHouseError) {
    return isDiskFull(error) ? diskFull(error) : classifyType(error.type ?? 'UNKNOWN', error);
  }
  if (isAbort(error)) return callAborted(error);
  if (isBroken(error)) return unavailable('The database cannot be reached at the moment.', error);
  return new UtmqlError('INTERNAL', 'The server could not answer this query. It has been logged.', {
    cause: error,
  });
}

/** ENOSPC comes under the type of whatever was being done; a value that is refused can be any text. */
const isDiskFull = ({ type = '', message }: ClickHouseError): boolean =>
  type === 'NOT_ENOUGH_SPACE' ||
  (message.includes('No space left on device') && !refusedValueTypes.has(type));

const diskFull = (cause: unknown): UtmqlError =>
  unavailable(
    'The disk of the database is full: its operator must free some of it or add to it, and nothing that was acknowledged is lost.',
    cause,
  );

/**
 * ClickHouse began an answer and did not end it, or cannot read what it has written. Long answers go through a file, of which
 * 26.7 leaves out what finds no room, without a word about why.
 */
export const brokenOff = (cause: unknown): UtmqlError =>
  unavailable('The database broke its answer off, as it does where its disk is full or damaged.', cause);

const isAbort = (error: unknown): boolean =>
  error instanceof Error &&
  (error.name === 'AbortError' ||
    error.name === 'TimeoutError' ||
    error.message === 'The user aborted a request.');

/** The connection breaks, or nothing comes over it. */
const isBroken = (error: unknown): boolean =>
  error instanceof Error &&
  (('code' in error && typeof error.code === 'string' && networkCodes.has(error.code)) ||
    /socket hang up|timeout error/i.test(error.message));

/** Of a call that ended with its signal: whoever asked has left, or waits no longer (`AbortSignal.timeout`). */
export function callAborted(reason: unknown): UtmqlError {
  if (reason instanceof UtmqlError) return reason;
  if (reason instanceof Error && reason.name === 'TimeoutError') {
    return new UtmqlError('TIMEOUT', 'The database did not answer in time. Try again shortly.', {
      retryable: true,
      retryAfterSeconds,
      cause: reason,
    });
  }
  return new UtmqlError('CANCELLED', 'The request was cancelled before its answer was ready.', {
    cause: reason,
  });
}

/** Something that is not ClickHouse has answered in its place, or changed what it answered. */
class ForeignAnswer extends Error {}

export const foreignAnswer = (detail: string, cause?: unknown): UtmqlError =>
  unavailable('The database cannot be reached at the moment.', new ForeignAnswer(detail, { cause }));

export const isForeignAnswer = (error: unknown): boolean =>
  error instanceof UtmqlError && error.cause instanceof ForeignAnswer;

/**
 * What `@clickhouse/client` throws instead of an answer. Where none of ClickHouse's errors is in the answer, its text is the
 * error's (a balancer's page), or Node's parser or TLS refuses it.
 */
export function toAnswerError(error: unknown): unknown {
  const isKnown =
    error instanceof ClickHouseError ||
    error instanceof UtmqlError ||
    // Of a request that could not be made.
    error instanceof TypeError ||
    !(error instanceof Error) ||
    isAbort(error) ||
    isBroken(error);
  return isKnown ? error : foreignAnswer('The answer is none of ClickHouse.', error);
}

/** The same call may succeed a little later. */
export const unavailable = (what: string, cause?: unknown): UtmqlError =>
  new UtmqlError('STORE_UNAVAILABLE', `${what} Try again shortly.`, {
    retryable: true,
    retryAfterSeconds,
    cause,
  });

const overloaded = (cause: unknown): UtmqlError =>
  new UtmqlError('OVERLOADED', 'The database has more to do than it can. Try again shortly.', {
    retryable: true,
    retryAfterSeconds,
    cause,
  });

const tooExpensive = (cause: unknown): UtmqlError =>
  new UtmqlError('QUERY_TOO_EXPENSIVE', `The query needs more than a single query may use. ${narrow}`, {
    cause,
  });

/** Whether ClickHouse refused a value that was sent: the same rows will be refused again, and others may not be. */
export const isRefusedValue = (error: unknown): boolean => isOfType(error, refusedValueTypes);

/**
 * Whether ClickHouse was short of memory, time or threads. Who asks a question can ask for less; a write can only be made
 * again later.
 */
export const isShortage = (error: unknown): boolean => isOfType(error, shortageTypes);

/** Whether a query needed more memory than it was given, however much others had. */
export const neededMoreMemory = (error: unknown): boolean =>
  error instanceof UtmqlError &&
  error.code === 'QUERY_TOO_EXPENSIVE' &&
  isOfType(error, new Set(['MEMORY_LIMIT_EXCEEDED']));

/** Whether a statement has ended itself by `throwIf`. */
export const hasThrown = (error: unknown): boolean =>
  isOfType(error, new Set(['FUNCTION_THROW_IF_VALUE_IS_NON_ZERO']));

/** Whether the user may not read what was asked for. */
export const isDenied = (error: unknown): boolean => isOfType(error, new Set(['ACCESS_DENIED']));

/** Whether there is no database, or no table, of the name that was asked for. */
export const isUnknown = (what: 'DATABASE' | 'TABLE', error: unknown): boolean =>
  isOfType(error, new Set([`UNKNOWN_${what}`]));

const isOfType = (error: unknown, types: ReadonlySet<string>): boolean =>
  error instanceof UtmqlError && error.cause instanceof ClickHouseError && types.has(error.cause.type ?? '');

function classifyType(type: string, cause: ClickHouseError): UtmqlError {
  switch (type) {
    case 'TIMEOUT_EXCEEDED':
    case 'TOO_SLOW':
      return new UtmqlError('TIMEOUT', `The query took longer than it may. ${narrow}`, { cause });
    case 'TOO_MANY_SIMULTANEOUS_QUERIES':
    case 'SERVER_OVERLOADED':
      return overloaded(cause);
    case 'MEMORY_LIMIT_EXCEEDED':
      return sharedMemory.test(cause.message) ? overloaded(cause) : tooExpensive(cause);
    case 'TOO_MANY_ROWS':
    case 'TOO_MANY_BYTES':
    case 'TOO_MANY_ROWS_OR_BYTES':
    case 'TOO_MANY_PARTITIONS':
      return tooExpensive(cause);
    case 'CANNOT_READ_ALL_DATA':
      return brokenOff(cause);
    case 'QUERY_WAS_CANCELLED':
      // Not by this program, which does not wait for the answer: by an operator, or because the server is being ended.
      // Not retryable by itself: what was killed on purpose does not come again.
      return new UtmqlError(
        'STORE_UNAVAILABLE',
        'The database ended the query before its answer was ready. Try again shortly.',
        { retryAfterSeconds, cause },
      );
    case 'AUTHENTICATION_FAILED':
    case 'REQUIRED_PASSWORD':
    case 'WRONG_PASSWORD':
      return new UtmqlError(
        'STORE_UNAVAILABLE',
        'The database refused the login; check CLICKHOUSE_USER and CLICKHOUSE_PASSWORD.',
        { cause },
      );
    case 'ACCESS_DENIED':
      return new UtmqlError(
        'STORE_UNAVAILABLE',
        'The database user lacks a right that utmql needs; see the log.',
        { cause },
      );
    default:
      if (unavailableTypes.has(type)) return unavailable('The database cannot answer at the moment.', cause);
      return new UtmqlError('INTERNAL', 'The server could not answer this query. It has been logged.', {
        cause,
      });
  }
}
