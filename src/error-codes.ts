/** What callers, answers and the documentation need to know of an error code. */
export interface ErrorCodeInfo {
  /** Status of an answer that is this error and nothing else; without one, it is only told within an answer. */
  readonly status?: number;
  /** The same call can succeed later: `Retry-After` goes with the status. */
  readonly isPassing?: true;
  /** No caller can mend it. */
  readonly isServersFault?: true;
  /** The code that GraphQL has always given for a request that it does not take for this reason. */
  readonly ofGraphqlRequest?: string;
  readonly meaning: string;
  readonly remedy: string;
}

/**
 * Every code that an error can have, in the order in which docs/api.md shows them (`npm run docs`). What is answered over
 * HTTP takes its status and headers from here, whichever route it is.
 */
export const errorCodes = {
  BAD_USER_INPUT: {
    status: 400,
    meaning: 'an argument, a variable or a parameter is wrong; the message names it and what is accepted',
    remedy: 'mend it',
  },
  GRAPHQL_PARSE_FAILED: { status: 400, meaning: 'this is no GraphQL', remedy: 'mend the document' },
  GRAPHQL_VALIDATION_FAILED: {
    status: 400,
    meaning: 'the document does not fit the schema',
    remedy: 'mend the document',
  },
  OPERATION_RESOLUTION_FAILURE: {
    status: 400,
    meaning: 'the document has several operations, or none of the name given',
    remedy: 'name one as `operationName`',
  },
  QUERY_TOO_COMPLEX: {
    status: 400,
    meaning: 'deeper, wider or larger than a document may be: [limits.md](limits.md)',
    remedy: 'split it, or ask for fewer rows',
  },
  QUERY_TOO_EXPENSIVE: {
    meaning: 'it needs more memory or rows than a query may use',
    remedy: 'a shorter range, fewer dimensions, a stricter filter',
  },
  FIGURE_TOO_LARGE: {
    meaning:
      'a sum of clicks or impressions is beyond 2^53, so this one is null; the rest of the answer holds',
    remedy: 'fewer days or rows, or a feed that is right',
  },
  TIMEOUT: {
    status: 408,
    isServersFault: true,
    meaning: 'it took longer than `QUERY_TIMEOUT_MS`; or a body stopped coming, which alone is 408',
    remedy: 'the same; where it is usually fast, the operator looks',
  },
  CANCELLED: {
    status: 503,
    isPassing: true,
    meaning: 'the caller left, or the program ended, before the answer was there',
    remedy: 'ask again',
  },
  UNAUTHENTICATED: {
    status: 401,
    meaning: 'no key, or a wrong, expired or revoked one',
    remedy: 'log in: [access.md](access.md)',
  },
  FORBIDDEN: {
    status: 403,
    meaning: 'the role, the workspace or the channels of the key do not allow it',
    remedy: 'another key',
  },
  AUTHENTICATION_UNAVAILABLE: {
    status: 503,
    isPassing: true,
    isServersFault: true,
    meaning: 'the keys that tokens are signed with cannot be fetched',
    remedy: 'ask again',
  },
  RATE_LIMITED: {
    status: 429,
    isPassing: true,
    meaning: 'the caller’s share of a limit is used up: [limits.md](limits.md)',
    remedy: 'wait for `Retry-After`',
  },
  NOT_FOUND: {
    status: 404,
    meaning: 'there is nothing at this address; no run of this id, or what it read is not kept any more',
    remedy: 'the message names the addresses that there are',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    ofGraphqlRequest: 'BAD_REQUEST',
    meaning: 'there is something at this address, but not for this method',
    remedy: 'one of the methods in `Allow`',
  },
  BAD_REQUEST: {
    status: 405,
    meaning: 'a mutation by `GET`, or a method that GraphQL does not take',
    remedy: 'one of the methods in `Allow`',
  },
  NOT_ACCEPTABLE: {
    status: 406,
    meaning: '`Accept` names no media type that GraphQL answers with',
    remedy: 'accept `application/json`',
  },
  CONFLICT: {
    status: 409,
    isPassing: true,
    meaning:
      'it cannot be done in this state: the same `Idempotency-Key` is at work, a run cannot be replayed',
    remedy: 'later, or as the message says',
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    meaning: 'the key has stood for another body or call',
    remedy: 'another key',
  },
  UNREADABLE_BODY: { status: 400, meaning: 'a body is broken', remedy: 'mend it' },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    ofGraphqlRequest: 'BAD_USER_INPUT',
    meaning: 'a body is of a type or an encoding that is not taken',
    remedy: 'one that the message names',
  },
  TOO_LARGE: {
    status: 413,
    ofGraphqlRequest: 'BAD_USER_INPUT',
    meaning: 'a body is too long',
    remedy: 'a shorter one, or several',
  },
  PERSISTED_QUERY_ONLY: {
    status: 400,
    meaning: 'only the documents of a manifest are answered (`TRUSTED_DOCUMENTS`)',
    remedy: 'send an id of the manifest',
  },
  PERSISTED_QUERY_NOT_FOUND: {
    status: 400,
    meaning: 'the document of this id is not known; 200 where its hash came, as Apollo’s clients expect',
    remedy: 'send it with its text, as clients do by themselves',
  },
  PERSISTED_QUERY_NOT_SUPPORTED: {
    status: 200,
    meaning: 'hashes alone are not taken',
    remedy: 'send the document with its text, as clients do by themselves',
  },
  BUFFER_FULL: {
    status: 429,
    isPassing: true,
    meaning: 'a pushed record has no room: `BUFFER_MAX_SIZE` wait for ClickHouse',
    remedy: 'send it again after `Retry-After`',
  },
  BUFFER_UNAVAILABLE: {
    status: 503,
    isPassing: true,
    isServersFault: true,
    meaning: 'a pushed record has no room on disk, or the disk fails',
    remedy: 'send it again after `Retry-After`',
  },
  STORE_UNAVAILABLE: {
    status: 503,
    isPassing: true,
    isServersFault: true,
    meaning:
      'ClickHouse cannot be reached or cannot answer, its disk is full, or something else answers in its place',
    remedy:
      'ask again after `extensions.retryAfterSeconds`, which is also the header `Retry-After`; the operator is called',
  },
  SOURCE_UNAVAILABLE: {
    status: 503,
    isPassing: true,
    isServersFault: true,
    meaning: 'a source does not answer; in the `error` of a run',
    remedy: '[operations.md](operations.md#ingestfailing)',
  },
  SOURCE_REFUSED: {
    isServersFault: true,
    meaning: 'a source answers 4xx; in the `error` of a run',
    remedy: '[operations.md](operations.md#ingestfailing)',
  },
  SOURCE_MALFORMED: {
    isServersFault: true,
    meaning: 'a source sends no feed; in the `error` of a run',
    remedy: '[operations.md](operations.md#ingestfailing)',
  },
  INTERRUPTED: {
    meaning:
      'the program ended in the middle of a run three times, or its source is gone; in the `error` of a run',
    remedy: 'trigger it again',
  },
  CONFIGURATION: {
    isServersFault: true,
    meaning: 'settings of a source or of the program are wrong; in the `error` of a run, or at a start',
    remedy: 'the operator mends them',
  },
  INTERNAL: {
    status: 500,
    isServersFault: true,
    meaning: 'a mistake in utmql. Nothing else is shown; it is logged under the `X-Request-Id`',
    remedy: 'tell the operator this id',
  },
} as const satisfies Record<string, ErrorCodeInfo>;

/** What went wrong: `error.code` of an answer, `extensions.code` of a GraphQL error. */
export type ErrorCode = keyof typeof errorCodes;

const infoOf = (code: ErrorCode): ErrorCodeInfo => errorCodes[code];

/** Status of an answer that is an error of this code and nothing else. */
export const statusOfCode = (code: ErrorCode): number => infoOf(code).status ?? 500;

/** Whether the same call can succeed later. */
export const isPassing = (code: ErrorCode): boolean => infoOf(code).isPassing === true;

/** The code of a GraphQL request that is not taken. */
export const graphqlRequestCode = (code: ErrorCode): string => infoOf(code).ofGraphqlRequest ?? code;

const serversFaults: ReadonlySet<unknown> = new Set(
  Object.entries<ErrorCodeInfo>(errorCodes).flatMap(([code, { isServersFault }]) =>
    isServersFault === true ? [code] : [],
  ),
);

/** Whether no caller can mend it. Codes that are not ours, graphql-js's among them, are answers to what was asked. */
export const isServersFault = (code: unknown): boolean => serversFaults.has(code);
