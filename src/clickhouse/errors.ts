import { ClickHouseError } from '@clickhouse/client';
import { UtmqlError } from '../errors.ts';

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
  'TOO_MANY_SIMULTANEOUS_QUERIES',
  'TOO_MANY_PARTS',
  'NOT_ENOUGH_SPACE',
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

const narrow = 'Ask for a shorter date range, fewer dimensions or a stricter filter.';

/**
 * Turns whatever `@clickhouse/client` throws into the program's own error. Told apart by ClickHouse's error `type`, never
 * by its text. What ClickHouse said (which can quote SQL) is kept as `cause` for the log and never shown to callers.
 */
export function classifyStoreError(error: unknown): UtmqlError {
  if (error instanceof UtmqlError) return error;
  if (error instanceof ClickHouseError) return classifyType(error.type ?? 'UNKNOWN', error);
  if (error instanceof Error) {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
    if (error.name === 'AbortError' || error.message === 'The user aborted a request.') {
      return new UtmqlError('CANCELLED', 'The request was cancelled before its answer was ready.', {
        cause: error,
      });
    }
    if (networkCodes.has(code) || /socket hang up|timeout error/i.test(error.message)) {
      return new UtmqlError(
        'STORE_UNAVAILABLE',
        'The database cannot be reached at the moment. Try again shortly.',
        {
          retryable: true,
          cause: error,
        },
      );
    }
  }
  return new UtmqlError('INTERNAL', 'The server could not answer this query. It has been logged.', {
    cause: error,
  });
}

/** Whether ClickHouse refused a value that was sent: the same rows will be refused again, and others may not be. */
export const isRefusedValue = (error: unknown): boolean => isOfType(error, refusedValueTypes);

/**
 * Whether ClickHouse was short of memory, time or threads. Who asks a question can ask for less; a write can only be made
 * again later.
 */
export const isShortage = (error: unknown): boolean => isOfType(error, shortageTypes);

const isOfType = (error: unknown, types: ReadonlySet<string>): boolean =>
  error instanceof UtmqlError && error.cause instanceof ClickHouseError && types.has(error.cause.type ?? '');

function classifyType(type: string, cause: ClickHouseError): UtmqlError {
  switch (type) {
    case 'TIMEOUT_EXCEEDED':
    case 'TOO_SLOW':
      return new UtmqlError('TIMEOUT', `The query took longer than it may. ${narrow}`, { cause });
    case 'MEMORY_LIMIT_EXCEEDED':
    case 'TOO_MANY_ROWS':
    case 'TOO_MANY_BYTES':
    case 'TOO_MANY_ROWS_OR_BYTES':
    case 'TOO_MANY_PARTITIONS':
      return new UtmqlError(
        'QUERY_TOO_EXPENSIVE',
        `The query needs more than a single query may use. ${narrow}`,
        { cause },
      );
    case 'QUERY_WAS_CANCELLED':
      return new UtmqlError('CANCELLED', 'The query was cancelled before its answer was ready.', { cause });
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
      if (unavailableTypes.has(type)) {
        return new UtmqlError(
          'STORE_UNAVAILABLE',
          'The database cannot answer at the moment. Try again shortly.',
          {
            retryable: true,
            cause,
          },
        );
      }
      return new UtmqlError('INTERNAL', 'The server could not answer this query. It has been logged.', {
        cause,
      });
  }
}
