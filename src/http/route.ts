import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '../access/caller.ts';
import type { Grant } from '../access/grants.ts';
import type { RequestBudget } from '../limits/limits.ts';
import type { AnswerError } from './error-answers.ts';
import type { RequestInfo } from './graphql-call.ts';

/** A request of somebody who may make it. */
export interface CallInfo extends RequestInfo {
  readonly caller: Caller;
  /** Whose limits it counts towards. */
  readonly account: string;
}

/** A request of anybody, with who it is where they say so. */
interface GuestInfo extends RequestInfo {
  readonly caller: Caller | undefined;
}

/**
 * Answers one request. What it throws is answered as the route answers errors: a `UtmqlError` with its status, anything else
 * as INTERNAL.
 */
export type Handler<Info extends RequestInfo = CallInfo> = (
  request: IncomingMessage,
  response: ServerResponse,
  info: Info,
) => Promise<void> | void;

/** Who may call a route, and how it answers them. A route that does not say so does not compile. */
type Access =
  | { readonly access: 'everybody'; readonly handle: Handler<RequestInfo> }
  | { readonly access: 'guest'; readonly handle: Handler<GuestInfo> }
  | { readonly access: Grant; readonly handle: Handler };

export type Route = Access & {
  readonly method: 'GET' | 'POST' | 'any';
  readonly path: string;
  /** Answers with an error and nothing else: as a rule, in JSON. */
  readonly answerError?: AnswerError;
  /** What its requests count towards: as a rule, `requests`. */
  readonly budget?: RequestBudget;
  /** Pages of other sites may call it, where the operator lets them. */
  readonly isCrossOrigin?: boolean;
  /** So many requests, or so regular, that those that go well are logged only at level debug. */
  readonly isBusy?: boolean;
  /** Its bodies are of any length: it bounds their silence itself. */
  readonly isStreamed?: boolean;
  /** A file of a page: nobody who asks for something that is not there looks for it. */
  readonly isUnlisted?: boolean;
  /** Answers by whatever name it is called: who watches over the process knows its address only. */
  readonly isForAnyHost?: boolean;
};
