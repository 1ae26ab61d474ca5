import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { uuidv7 } from 'uuidv7';
import { inWorkspace } from '../access/authenticator.ts';
import type { Caller, Identity } from '../access/caller.ts';
import { type Grant, may } from '../access/grants.ts';
import { forbidden } from '../access/refusals.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { UtmqlError } from '../errors.ts';
import type { Limits, RequestBudget } from '../limits/limits.ts';
import type { LoginGuard } from '../limits/login-guard.ts';
import type { Logger } from '../logger.ts';
import type { Telemetry } from '../telemetry.ts';
import { within } from '../time.ts';
import type { SpanStart } from '../tracer.ts';
import { type ConnectionLimits, limitConnections, maxHeaderBytes } from './connections.ts';
import type { Cors } from './cors.ts';
import { createDrain } from './drain.ts';
import type { Attempt, RequestInfo } from './graphql-call.ts';
import type { KnownHost } from './known-host.ts';
import { explainListenError } from './listen-error.ts';
import { type Refuse, refusePlainly } from './refusal.ts';
import { setSecurityHeaders } from './security-headers.ts';

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

/** Answers one request. Whatever it throws becomes a 500 without details. */
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
  /** Answers those who may not. */
  readonly refuse?: Refuse;
  /** What its requests count towards: as a rule, `requests`. */
  readonly budget?: RequestBudget;
  /** Pages of other sites may call it, where the operator lets them. */
  readonly isCrossOrigin?: boolean;
  /** So many requests, or so regular, that those that go well are logged only at level debug. */
  readonly isBusy?: boolean;
  /** Its bodies are of any length: it bounds their silence itself. */
  readonly isStreamed?: boolean;
  /** Answers by whatever name it is called: who watches over the process knows its address only. */
  readonly isForAnyHost?: boolean;
};

/** How often connections that have become idle are looked for while the server closes. */
const sweepMs = 50;

export interface HttpServer {
  /** Where it listens: `http://127.0.0.1:4000`. */
  readonly url: string;
  /** From now on each answer ends its connection, so that callers who keep theirs go elsewhere; new ones are still taken. */
  drain(): void;
  /** Takes no more connections and waits for the requests at work, for so long at most: those that are left are cut off. */
  close(withinMs: number): Promise<void>;
}

/** What stands between callers and routes. */
interface Gate {
  readonly guard: LoginGuard;
  readonly limits: Limits;
  /** Whose limits a request counts towards. */
  accountOf(identity: Identity, request: IncomingMessage): string;
  readonly isKnownHost: KnownHost;
}

interface Service {
  readonly routes: readonly Route[];
  readonly gate: Gate;
  readonly audit: Pick<AuditLog, 'noteDenial'>;
  readonly cors: Cors;
  readonly connections: ConnectionLimits;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
}

/** Starts listening. */
export async function listen(options: Service & { host: string; port: number }): Promise<HttpServer> {
  const connections = createDrain();
  const server = createServer(
    { maxHeaderSize: maxHeaderBytes, connectionsCheckingInterval: options.connections.checkMs },
    (request, response) => {
      connections.track(response);
      void answer(request, response, options);
    },
  );
  limitConnections(server, options.connections);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explainListenError(error, options)));
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    drain: connections.start,
    async close(withinMs) {
      connections.start();
      await close(server, withinMs);
    },
  };
}

/** Answers that deny something, by their status, as the audit log names them. */
const denials: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  429: 'TOO_MANY_REQUESTS',
};

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { routes, gate, audit, cors, connections, logger: rootLogger, telemetry }: Service,
): Promise<void> {
  const started = performance.now();
  const requestId = readRequestId(request);
  let ownLogger: Logger | undefined;
  // Made when it is needed: it costs a busy route more than the rest of its answer.
  const loggerOf = (): Logger => {
    ownLogger ??= rootLogger.child({ requestId });
    return ownLogger;
  };
  const path = request.url?.split('?', 1)[0] ?? '/';
  const candidates = routes.filter((route) => route.path === path);
  const route = candidates.find(
    ({ method }) => method === 'any' || method === (request.method === 'HEAD' ? 'GET' : request.method),
  );
  const attempt: Attempt = { action: route?.path ?? 'none', actor: undefined, workspace: '' };
  if (!route?.isStreamed) boundBody(request, connections.bodyMs);
  response.setHeader('X-Request-Id', requestId);
  setSecurityHeaders(request, response);
  telemetry.onHttpInFlight(1);
  response.once('close', () => {
    const seconds = (performance.now() - started) / 1_000;
    telemetry.onHttpInFlight(-1);
    telemetry.onHttp(route?.path ?? 'none', request.method ?? '', response.statusCode, seconds);
    const denied = denials[response.statusCode];
    if (denied !== undefined && route) audit.noteDenial({ ...attempt, outcome: denied, requestId });
    const isFine = response.statusCode < 400;
    const level = response.statusCode >= 500 ? 'error' : isFine && route?.isBusy ? 'debug' : 'info';
    if (!rootLogger.isLevelEnabled(level)) return;
    loggerOf()[level](
      { method: request.method, path, status: response.statusCode, ms: Math.round(seconds * 1e6) / 1e3 },
      'request',
    );
  });
  try {
    if (candidates.some(({ isCrossOrigin }) => isCrossOrigin)) {
      cors.mark(request, response);
      if (cors.answerPreflight(request, response, methodsOf(candidates))) return;
    }
    if (route) {
      const info: RequestInfo = {
        requestId,
        attempt,
        get logger() {
          return loggerOf();
        },
      };
      const traced = spanOf(request, route, requestId);
      await telemetry.tracer.span(traced, async (span) => {
        await handle(route, request, response, gate, info);
        span.set({ 'http.response.status_code': response.statusCode });
        if (response.statusCode >= 500) span.fail(String(response.statusCode));
      });
    } else if (candidates[0])
      sendJson(response, 405, {
        error: `${path} takes ${candidates.map(({ method }) => method).join(', ')}.`,
      });
    else
      sendJson(response, 404, {
        error: `There is nothing at ${path}; try ${routes.map((known) => known.path).join(', ')}.`,
      });
  } catch (error) {
    loggerOf().error({ err: error }, 'a request failed unexpectedly');
    if (response.headersSent) response.destroy();
    else sendJson(response, 500, { error: 'The server could not answer this request. It has been logged.' });
  }
}

const methodsOf = (routes: readonly Route[]): string =>
  routes.map(({ method }) => (method === 'any' ? 'GET, POST' : method)).join(', ');

/** Lets the caller through to the route, or refuses them before anything of the body is read. */
async function handle(
  route: Route,
  request: IncomingMessage,
  response: ServerResponse,
  gate: Gate,
  info: RequestInfo,
): Promise<void> {
  if (!route.isForAnyHost && !gate.isKnownHost(request))
    return (route.refuse ?? refusePlainly)(request, response, unknownHost());
  if (route.access === 'everybody') return route.handle(request, response, info);
  let caller: Caller | undefined;
  let account = '';
  try {
    const identity = await gate.guard.authenticate(request);
    // Whoever asks for a workspace that is not theirs is known all the same, and it counts: it is told to those whose key it is.
    info.attempt.actor = identity;
    info.attempt.workspace = identity.workspaces === 'all' ? '' : (identity.workspaces[0] ?? '');
    if (route.access !== 'guest') {
      account = gate.accountOf(identity, request);
      await gate.limits.countRequest(route.budget ?? 'requests', account, response);
    }
    caller = inWorkspace(identity, request, info.requestId);
    info.attempt.workspace = caller.workspace;
    if (route.access !== 'guest') {
      if (!may(caller, route.access)) throw forbidden(`${route.path} is not for the role ${caller.role}.`);
    }
  } catch (error) {
    if (!(error instanceof UtmqlError)) throw error;
    if (route.access !== 'guest') {
      if (error.code === 'AUTHENTICATION_UNAVAILABLE')
        info.logger.warn({ err: error }, 'a caller could not be authenticated');
      return (route.refuse ?? refusePlainly)(request, response, error);
    }
  }
  if (route.access === 'guest') return route.handle(request, response, extend(info, { caller }));
  if (caller !== undefined) return route.handle(request, response, extend(info, { caller, account }));
}

const unknownHost = (): UtmqlError =>
  forbidden(
    'The header Host names another machine. Where nobody logs in, call localhost or 127.0.0.1; to be called by other names, set API_KEYS_FILE.',
  );

/** The logger stays one that is made when it is needed. */
const extend = <More extends object>(info: RequestInfo, more: More): RequestInfo & More => ({
  ...more,
  requestId: info.requestId,
  attempt: info.attempt,
  get logger() {
    return info.logger;
  },
});

/** A request's span: what the route is called, never the address or headers, which may hold secrets. */
function spanOf(request: IncomingMessage, route: Route, requestId: string): SpanStart {
  const method = request.method ?? '';
  const { traceparent } = request.headers;
  return {
    name: `${method} ${route.path}`,
    kind: 'server',
    attributes: { 'http.request.method': method, 'http.route': route.path, 'utmql.request_id': requestId },
    parent: typeof traceparent === 'string' ? traceparent : undefined,
  };
}

/** Ends the connection when the body is not here in time. */
function boundBody(request: IncomingMessage, longestMs: number): void {
  if (request.complete || !hasBody(request)) return;
  const timer = setTimeout(() => request.destroy(), longestMs);
  request.once('close', () => clearTimeout(timer));
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(`${JSON.stringify(body)}\n`);
}

/** The caller's id where it is harmless in logs and headers, else a new one. */
function readRequestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : uuidv7();
}

async function close(server: Server, withinMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // Again and again: an answer that had begun before leaves its connection open and idle.
  const sweep = setInterval(() => server.closeIdleConnections(), sweepMs);
  server.closeIdleConnections();
  if (!(await within(withinMs, closed))) server.closeAllConnections();
  await closed;
  clearInterval(sweep);
}
