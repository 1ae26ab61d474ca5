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
    meaning: 'an argument, variable or parameter is invalid; the message names it and the accepted values',
    remedy: 'correct it',
  },
  GRAPHQL_PARSE_FAILED: {
    status: 400,
    meaning: 'the document is not valid GraphQL',
    remedy: 'correct the document',
  },
  GRAPHQL_VALIDATION_FAILED: {
    status: 400,
    meaning: 'the document does not match the schema',
    remedy: 'correct the document',
  },
  OPERATION_RESOLUTION_FAILURE: {
    status: 400,
    meaning: 'the document has several operations, or none with the given name',
    remedy: 'name one as `operationName`',
  },
  QUERY_TOO_COMPLEX: {
    status: 400,
    meaning: 'the document exceeds a limit: [limits.md](limits.md)',
    remedy: 'split it, or request fewer rows',
  },
  QUERY_TOO_EXPENSIVE: {
    status: 400,
    meaning: 'the query needs more memory or rows than allowed',
    remedy: 'use a shorter range, fewer dimensions or a stricter filter',
  },
  FIGURE_TOO_LARGE: {
    meaning:
      'a sum of clicks or impressions exceeds 2^53, so this field is null; the rest of the response is correct',
    remedy: 'request fewer days or rows, or correct the feed',
  },
  TIMEOUT: {
    status: 408,
    isServersFault: true,
    meaning: 'the query took longer than `QUERY_TIMEOUT_MS`; or a body stopped arriving (only this is 408)',
    remedy: 'request less, or send the body again; if the query is usually fast, tell the operator',
  },
  CANCELLED: {
    status: 503,
    isPassing: true,
    meaning: 'the caller disconnected, or the program ended, before the response was ready',
    remedy: 'try again',
  },
  UNAUTHENTICATED: {
    status: 401,
    meaning: 'the key or token is missing, invalid, expired or revoked',
    remedy: 'authenticate: [access.md](access.md)',
  },
  FORBIDDEN: {
    status: 403,
    meaning: 'the role, the workspace or the channels of the key do not allow it',
    remedy: 'use another key',
  },
  AUTHENTICATION_UNAVAILABLE: {
    status: 503,
    isPassing: true,
    isServersFault: true,
    meaning: 'utmql cannot fetch the keys that tokens are signed with',
    remedy: 'try again',
  },
  RATE_LIMITED: {
    status: 429,
    isPassing: true,
    meaning: 'the caller has used up a limit: [limits.md](limits.md)',
    remedy: 'wait for `Retry-After`',
  },
  OVERLOADED: {
    status: 503,
    isPassing: true,
    isServersFault: true,
    meaning: 'more queries wait for ClickHouse than can, or it has too little memory for all of them',
    remedy: 'try again after `extensions.retryAfterSeconds` (also the header `Retry-After`)',
  },
  NOT_FOUND: {
    status: 404,
    meaning:
      'nothing exists at this address; no run, view or link has this id, or the original data of a run is no longer kept; a share link has ended',
    remedy: 'use an address that the message names',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    ofGraphqlRequest: 'BAD_REQUEST',
    meaning: 'the address does not support this method',
    remedy: 'use a method in `Allow`',
  },
  BAD_REQUEST: {
    status: 405,
    meaning: 'a mutation by `GET`, or a method that GraphQL does not support',
    remedy: 'use a method in `Allow`',
  },
  NOT_ACCEPTABLE: {
    status: 406,
    meaning: '`Accept` names no media type that GraphQL supports',
    remedy: 'accept `application/json`',
  },
  CONFLICT: {
    status: 409,
    isPassing: true,
    meaning:
      'the current state does not allow it: a request with the same `Idempotency-Key` is in progress, or a run cannot be replayed',
    remedy: 'try later, or do what the message says',
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    meaning: 'the key was used with another body or call',
    remedy: 'use another key',
  },
  UNREADABLE_BODY: { status: 400, meaning: 'the body is damaged or unreadable', remedy: 'correct it' },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    ofGraphqlRequest: 'BAD_USER_INPUT',
    meaning: 'the type or encoding of the body is not supported',
    remedy: 'use one that the message names',
  },
  TOO_LARGE: {
    status: 413,
    ofGraphqlRequest: 'BAD_USER_INPUT',
    meaning: 'the body is too long',
    remedy: 'send a shorter body, or several',
  },
  PERSISTED_QUERY_ONLY: {
    status: 400,
    meaning: 'utmql answers only documents of a manifest (`TRUSTED_DOCUMENTS`)',
    remedy: 'send the id of a document in the manifest',
  },
  PERSISTED_QUERY_NOT_FOUND: {
    status: 400,
    meaning:
      'no document has this id; the status is 200 if the request sent a hash, as Apollo’s clients expect',
    remedy: 'send the document with its text, as clients do automatically',
  },
  PERSISTED_QUERY_NOT_SUPPORTED: {
    status: 200,
    meaning: 'utmql does not accept hashes without a document',
    remedy: 'send the document with its text, as clients do automatically',
  },
  BUFFER_FULL: {
    status: 429,
    isPassing: true,
    meaning: 'the buffer is full: `BUFFER_MAX_SIZE` pushed records wait for ClickHouse',
    remedy: 'send it again after `Retry-After`',
  },
  BUFFER_UNAVAILABLE: {
    status: 503,
    isPassing: true,
    isServersFault: true,
    meaning: 'the disk has no room for the pushed record, or fails',
    remedy: 'send it again after `Retry-After`',
  },
  STORE_UNAVAILABLE: {
    status: 503,
    isPassing: true,
    isServersFault: true,
    meaning:
      'ClickHouse is unreachable or cannot answer, its disk is full, or something else answers in its place',
    remedy:
      'try again after `extensions.retryAfterSeconds` (also the header `Retry-After`); an alert informs the operator',
  },
  SOURCE_UNAVAILABLE: {
    status: 503,
    isPassing: true,
    isServersFault: true,
    meaning: 'a source does not respond; in the `error` of a run',
    remedy: '[operations.md](operations.md#ingestfailing)',
  },
  SOURCE_REFUSED: {
    isServersFault: true,
    meaning: 'a source answers 4xx; in the `error` of a run',
    remedy: '[operations.md](operations.md#ingestfailing)',
  },
  SOURCE_MALFORMED: {
    isServersFault: true,
    meaning: 'a source’s response is not a feed; in the `error` of a run',
    remedy: '[operations.md](operations.md#ingestfailing)',
  },
  WEBHOOK_UNAVAILABLE: {
    status: 503,
    isPassing: true,
    isServersFault: true,
    meaning:
      'the receiver of a webhook does not take messages now; in the `error` of an export, or of an alert',
    remedy: '[sink.md](sink.md#when-it-fails)',
  },
  WEBHOOK_REFUSED: {
    isServersFault: true,
    meaning: 'the receiver of a webhook answers 3xx or 4xx; in the `error` of an export',
    remedy: '[sink.md](sink.md#when-it-fails)',
  },
  INTERRUPTED: {
    meaning:
      'the program ended during a run three times, or its source no longer exists; in the `error` of a run',
    remedy: 'trigger it again',
  },
  CONFIGURATION: {
    isServersFault: true,
    meaning: 'the settings of a source or of the program are invalid; in the `error` of a run, or at startup',
    remedy: 'the operator corrects them',
  },
  INTERNAL: {
    status: 500,
    isServersFault: true,
    meaning: 'a bug in utmql. The response shows no details; the log has them under the `X-Request-Id`',
    remedy: 'give this id to the operator',
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
