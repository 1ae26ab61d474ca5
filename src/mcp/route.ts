import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { forbidden } from '../access/refusals.ts';
import { isFromOwnPages } from '../access/same-origin.ts';
import { badInput, UtmqlError } from '../errors.ts';
import { sendBody } from '../http/compression/send-body.ts';
import { type AnswerError, errorExtensions, errorHeaders, statusOf } from '../http/error-answers.ts';
import { answerEarly, wholeBody } from '../http/request-body.ts';
import type { CallInfo, Route } from '../http/route.ts';
import type { Model } from '../metrics/model.ts';
import { checkNesting } from './arguments.ts';
import type { OwnQuestions } from './own-questions.ts';
import { mcpPath } from './path.ts';
import { type CallKey, createRunningCalls } from './running-calls.ts';

const sessionHeader = 'mcp-session-id';
/** Bytes of a message. */
const mostBytes = 262_144;

/**
 * `POST /mcp`: the Model Context Protocol over streamable HTTP, for agents. Each request is answered by itself, by any process: a
 * session's id is only remembered by its client, and tells a cancelled call of it from those of others.
 */
export function createMcpRoute(options: {
  questions: OwnQuestions;
  model: () => Model | undefined;
  /** Bytes of a request’s body. */
  maxBodyBytes: number;
  /** Whose pages may call it, besides our own. */
  corsOrigins: readonly string[];
}): Route {
  const { questions, corsOrigins } = options;
  const maxBytes = Math.min(options.maxBodyBytes, mostBytes);
  const running = createRunningCalls();

  const answer = async (
    request: IncomingMessage,
    response: ServerResponse,
    received: CallInfo,
    message: unknown,
  ): Promise<Response | undefined> => {
    const session = sessionOf(request);
    const keyOf = (id: unknown): CallKey => ({ account: received.caller.id, session, id });
    const stopped = cancelledId(message);
    if (stopped !== undefined) running.cancel(keyOf(stopped));
    const left = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) left.abort();
    });
    const forget = running.add(keyOf(idOf(message)), left);
    const call = { ...received, model: options.model() };
    try {
      // Read when the first agent comes: the SDK takes 12 MB, and 0.2 s of every start.
      const { answerMessage } = await import('./answer-message.ts');
      return await answerMessage(message, {
        headers: headersOf(request),
        call: questions.callOf(response, call, left.signal),
        logger: () => received.logger,
        left: left.signal,
      });
    } finally {
      forget();
    }
  };

  return {
    method: 'POST',
    path: mcpPath,
    access: 'read',
    isCrossOrigin: true,
    answerError: answerRpcError,
    async handle(request, response, info) {
      checkOrigin(request, corsOrigins);
      response.setHeader('Cache-Control', 'no-store');
      const message = await readMessage(request, maxBytes);
      const answered = await answer(request, response, info, message);
      if (response.destroyed) return;
      // A call that its client has cancelled has no answer.
      if (answered === undefined) {
        response.writeHead(202).end();
        return;
      }
      if (isInitialize(message)) response.setHeader('Mcp-Session-Id', randomUUID());
      const body = Buffer.from(await answered.arrayBuffer());
      const headers = { 'Content-Type': answered.headers.get('content-type') ?? 'application/json' };
      if (body.length === 0) response.writeHead(answered.status, { 'Content-Length': '0' }).end();
      else await sendBody(request, response, { status: answered.status, headers, body });
    },
  };
}

/**
 * Browsers say whose page sends a request. One that is led here by a name of its own (DNS rebinding), or that knows of a server on
 * this machine, is refused.
 */
function checkOrigin(request: IncomingMessage, corsOrigins: readonly string[]): void {
  const { origin } = request.headers;
  if (origin === undefined || isFromOwnPages(request)) return;
  if (corsOrigins.includes('*') || corsOrigins.includes(origin)) return;
  throw forbidden('Pages of this origin may not call /mcp. The operator can allow it (CORS_ORIGINS).');
}

async function readMessage(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const tooLarge = () =>
    new UtmqlError('TOO_LARGE', `The message is larger than ${maxBytes} bytes. Ask with shorter lists.`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const bytes = await wholeBody(request, maxBytes);
  if (bytes === undefined) throw tooLarge();
  let message: unknown;
  try {
    message = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw badInput('The body is no JSON in UTF-8.');
  }
  if (Array.isArray(message)) throw badInput('Send one message in a request: batches are not taken.');
  checkNesting(message);
  return message;
}

const partsOf = (message: unknown) =>
  Object(message) as { readonly id?: unknown; readonly method?: unknown; readonly params?: unknown };

const idOf = (message: unknown): unknown => partsOf(message).id;
const isInitialize = (message: unknown): boolean => partsOf(message).method === 'initialize';

/** The id of the call that a message cancels. */
function cancelledId(message: unknown): unknown {
  const { method, params } = partsOf(message);
  return method === 'notifications/cancelled' ? Object(params).requestId : undefined;
}

function sessionOf({ headers }: IncomingMessage): string | undefined {
  const session = headers[sessionHeader];
  return typeof session === 'string' ? session : undefined;
}

/** Those that the protocol gives a meaning. */
const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    ['accept', 'content-type', 'mcp-protocol-version'].flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );

/** Codes of JSON-RPC: a message that is none, and what is left to programs. */
const invalidRequest = -32_600;
const refusedRequest = -32_000;

/** An error about the request itself, as JSON-RPC has it. */
const answerRpcError: AnswerError = (request, response, error) => {
  const code = error.code === 'BAD_USER_INPUT' ? invalidRequest : refusedRequest;
  const body = {
    jsonrpc: '2.0',
    id: null,
    error: { code, message: error.message, data: errorExtensions(error) },
  };
  const headers = { ...errorHeaders(error), 'content-type': 'application/json; charset=utf-8' };
  answerEarly(request, response, statusOf(error), headers, `${JSON.stringify(body)}\n`);
};
