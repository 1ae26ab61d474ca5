import type { IncomingMessage, ServerResponse } from 'node:http';
import { uuidv7 } from 'uuidv7';
import { callerInWorkspace } from '../access/authenticator.ts';
import type { Caller, Identity } from '../access/caller.ts';
import { isAllowed } from '../access/grants.ts';
import { forbidden } from '../access/refusals.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { toUtmqlError, UtmqlError } from '../errors.ts';
import type { Limits } from '../limits/limits.ts';
import type { LoginGuard } from '../limits/login-guard.ts';
import type { Logger } from '../logger.ts';
import type { Telemetry } from '../telemetry.ts';
import type { SpanStart } from '../tracer.ts';
import type { Cors } from './cors.ts';
import { answerJsonError, methodNotAllowed, statusOf } from './error-answers.ts';
import type { AuditedOperation, RequestInfo } from './graphql-call.ts';
import type { KnownHost } from './known-host.ts';
import { hasBody } from './request-body.ts';
import type { Route } from './route.ts';
import { setSecurityHeaders } from './security-headers.ts';

/** What stands between callers and routes. */
interface Gate {
  readonly guard: LoginGuard;
  readonly limits: Limits;
  /** Whose limits a request counts towards. */
  accountOf(identity: Identity, request: IncomingMessage): string;
  readonly isKnownHost: KnownHost;
}

export interface Dispatch {
  readonly routes: readonly Route[];
  readonly gate: Gate;
  readonly audit: Pick<AuditLog, 'noteDenial'>;
  readonly cors: Cors;
  /** Longest for the body of a request, where it is not streamed. */
  readonly bodyMs: number;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
}

/** Answers that deny something, by their status, as the audit log names them. */
const denials: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  429: 'TOO_MANY_REQUESTS',
};

/** Answers one request by the route that is for it; logs and measures it. Does not reject. */
export async function dispatch(
  request: IncomingMessage,
  response: ServerResponse,
  { routes, gate, audit, cors, bodyMs, logger: rootLogger, telemetry }: Dispatch,
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
  const attempt: AuditedOperation = { action: route?.path ?? 'none', actor: undefined, workspace: '' };
  if (!route?.isStreamed) boundBody(request, bodyMs);
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
  const fail = (thrown: unknown): void => {
    const error = toUtmqlError(thrown);
    if (error.code === 'INTERNAL') loggerOf().error({ err: thrown }, 'a request failed unexpectedly');
    else if (statusOf(error) >= 500) loggerOf().warn({ err: error }, 'a request could not be answered');
    if (response.headersSent) response.destroy();
    else if (!response.destroyed) (route?.answerError ?? answerJsonError)(request, response, error);
  };
  try {
    if (candidates.some(({ isCrossOrigin }) => isCrossOrigin)) {
      cors.mark(request, response);
      if (cors.answerPreflight(request, response, preflightMethods(candidates))) return;
    }
    if (route) {
      const info: RequestInfo = {
        requestId,
        attempt,
        get logger() {
          return loggerOf();
        },
      };
      await telemetry.tracer.span(spanOf(request, route, requestId), async (span) => {
        await handle(route, request, response, gate, info).catch(fail);
        span.set({ 'http.response.status_code': response.statusCode });
        if (response.statusCode >= 500) span.fail(String(response.statusCode));
      });
    } else if (candidates.length > 0) throw methodNotAllowed(response, path, allowedMethods(candidates));
    else throw nothingAt(path, routes);
  } catch (error) {
    fail(error);
  }
}

const preflightMethods = (routes: readonly Route[]): string =>
  routes.map(({ method }) => (method === 'any' ? 'GET, POST' : method)).join(', ');

/** Of routes of which none takes any method. */
const allowedMethods = (routes: readonly Route[]): string =>
  routes.map(({ method }) => (method === 'GET' ? 'GET, HEAD' : method)).join(', ');

const nothingAt = (path: string, routes: readonly Route[]): UtmqlError => {
  const paths = [...new Set(routes.filter(({ isUnlisted }) => !isUnlisted).map((known) => known.path))];
  return new UtmqlError('NOT_FOUND', `There is nothing at ${path.slice(0, 100)}; try ${paths.join(', ')}.`);
};

/**
 * Lets the caller through to the route, or refuses them before anything of the body is read.
 *
 * @throws UtmqlError what they are to be answered
 */
async function handle(
  route: Route,
  request: IncomingMessage,
  response: ServerResponse,
  gate: Gate,
  info: RequestInfo,
): Promise<void> {
  if (!route.isForAnyHost && !gate.isKnownHost(request)) throw unknownHost();
  if (route.access === 'everybody') return route.handle(request, response, info);
  if (route.access === 'guest') {
    const caller = await guest(request, gate, info);
    return route.handle(request, response, extend(info, { caller }));
  }
  const identity = await authenticate(request, gate, info);
  const account = gate.accountOf(identity, request);
  await gate.limits.countRequest(route.budget ?? 'requests', account, response);
  const caller = enter(identity, request, info);
  if (!isAllowed(caller, route.access)) throw forbidden(`${route.path} is not for the role ${caller.role}.`);
  return route.handle(request, response, extend(info, { caller, account }));
}

/** Whoever asks for a workspace that is not theirs is known all the same, and it counts: it is told to those whose key it is. */
async function authenticate(
  request: IncomingMessage,
  gate: Gate,
  { attempt }: RequestInfo,
): Promise<Identity> {
  const identity = await gate.guard.authenticate(request);
  attempt.actor = identity;
  attempt.workspace = identity.workspaces === 'all' ? '' : (identity.workspaces[0] ?? '');
  return identity;
}

function enter(identity: Identity, request: IncomingMessage, { attempt, requestId }: RequestInfo): Caller {
  const caller = callerInWorkspace(identity, request, requestId);
  attempt.workspace = caller.workspace;
  return caller;
}

/** Who it is, where they say so and it is right. */
async function guest(request: IncomingMessage, gate: Gate, info: RequestInfo): Promise<Caller | undefined> {
  try {
    return enter(await authenticate(request, gate, info), request, info);
  } catch (error) {
    if (error instanceof UtmqlError) return undefined;
    throw error;
  }
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

/** The caller's id where it is harmless in logs and headers, else a new one. */
function readRequestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : uuidv7();
}
