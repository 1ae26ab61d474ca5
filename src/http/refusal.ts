import type { IncomingMessage, ServerResponse } from 'node:http';
import type { UtmqlError } from '../errors.ts';
import { answerEarly } from './request-body.ts';

const statuses: Partial<Record<UtmqlError['code'], number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  RATE_LIMITED: 429,
  AUTHENTICATION_UNAVAILABLE: 503,
};

/** Answers somebody who is not let in. */
export type Refuse = (request: IncomingMessage, response: ServerResponse, error: UtmqlError) => void;

export const refusalStatus = ({ code }: UtmqlError): number => statuses[code] ?? 500;

/** What goes with every refusal: how to log in, or when to call again. */
export function refusalHeaders(error: UtmqlError): Readonly<Record<string, string>> {
  if (error.code === 'UNAUTHENTICATED') return { 'www-authenticate': 'Bearer', 'cache-control': 'no-store' };
  return error.retryAfterSeconds === undefined ? {} : { 'retry-after': String(error.retryAfterSeconds) };
}

/** In the shape of the pushes' errors. */
export const refusePlainly: Refuse = (request, response, error) => {
  const { code, message } = error;
  answer(request, response, error, 'application/json; charset=utf-8', { error: { code, message } });
};

/** In the shape of GraphQL's errors. */
export const refuseGraphql: Refuse = (request, response, error) => {
  const { code, message } = error;
  const type = request.headers.accept?.includes('application/graphql-response+json')
    ? 'application/graphql-response+json'
    : 'application/json';
  answer(request, response, error, `${type}; charset=utf-8`, { errors: [{ message, extensions: { code } }] });
};

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  error: UtmqlError,
  type: string,
  body: unknown,
): void {
  const headers = { ...refusalHeaders(error), 'content-type': type };
  answerEarly(request, response, refusalStatus(error), headers, `${JSON.stringify(body)}\n`);
}
