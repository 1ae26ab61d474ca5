import type { IncomingMessage, ServerResponse } from 'node:http';
import { graphqlRequestCode, isPassing, statusOfCode } from '../error-codes.ts';
import { UtmqlError } from '../errors.ts';
import { answerEarly } from './request-body.ts';

/** Answers with an error and nothing else. */
export type AnswerError = (request: IncomingMessage, response: ServerResponse, error: UtmqlError) => void;

/** Seconds until a call is worth another try, where nothing better is known. */
const usualRetrySeconds = 5;

export const statusOf = ({ code }: UtmqlError): number => statusOfCode(code);

/** What goes with every such answer: how to log in, or when to call again. */
export function errorHeaders({ code, retryAfterSeconds }: UtmqlError): Readonly<Record<string, string>> {
  if (code === 'UNAUTHENTICATED') return { 'www-authenticate': 'Bearer', 'cache-control': 'no-store' };
  return isPassing(code) ? { 'retry-after': String(retryAfterSeconds ?? usualRetrySeconds) } : {};
}

/** The shape of errors beside GraphQL. */
export const errorBody = ({ code, message }: UtmqlError) => ({ error: { code, message } });

export const answerJsonError: AnswerError = (request, response, error) =>
  answer(request, response, error, 'application/json', errorBody(error));

/** What programs need to know of an error: what it is, and whether and when the same call can succeed. */
export const errorExtensions = ({ code, retryable, retryAfterSeconds }: UtmqlError) => ({
  code,
  ...(retryable && { retryable }),
  ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
});

/** The shape of GraphQL's errors. */
export const graphqlErrorBody = (error: UtmqlError) => ({
  errors: [
    {
      message: error.message,
      extensions: { ...errorExtensions(error), code: graphqlRequestCode(error.code) },
    },
  ],
});

export const answerGraphqlError: AnswerError = (request, response, error) => {
  const type = request.headers.accept?.includes('application/graphql-response+json')
    ? 'application/graphql-response+json'
    : 'application/json';
  answer(request, response, error, type, graphqlErrorBody(error));
};

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  error: UtmqlError,
  type: string,
  body: unknown,
): void {
  const headers = { ...errorHeaders(error), 'content-type': `${type}; charset=utf-8` };
  answerEarly(request, response, statusOf(error), headers, `${JSON.stringify(body)}\n`);
}

/** The error for a method that `path` does not take; tells in `Allow` which it does. */
export function methodNotAllowed(response: ServerResponse, path: string, allowed: string): UtmqlError {
  response.setHeader('Allow', allowed);
  return new UtmqlError('METHOD_NOT_ALLOWED', `${path} takes ${allowed}.`);
}
