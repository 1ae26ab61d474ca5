import type { IncomingMessage, ServerResponse } from 'node:http';
import { type DocumentNode, OperationTypeNode } from 'graphql';
import type { Admission, Queries } from '../admission/admission.ts';
import type { DataVersion } from '../data-version.ts';
import { UtmqlError } from '../errors.ts';
import { schemaOf } from '../graphql/model-schema.ts';
import type { Limits } from '../limits/limits.ts';
import { loopTurn } from '../loop-turns.ts';
import type { Model } from '../metrics/model.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Clock } from '../time.ts';
import { answerKey } from './answer-key.ts';
import { sendBody } from './compression/send-body.ts';
import { type Documents, operationOf } from './documents.ts';
import { methodNotAllowed } from './error-answers.ts';
import { etagOf } from './etag.ts';
import { asksForPage, type SendGraphiql } from './graphiql-page.ts';
import type { Graphql } from './graphql.ts';
import { requirementsOf } from './graphql-access.ts';
import type { GraphqlCall } from './graphql-call.ts';
import { type Question, readParams, shortBody } from './graphql-params.ts';
import type { PersistedDocuments } from './persisted-documents.ts';
import type { AnswerSource, CachedAnswer, ResponseCache } from './response-cache.ts';
import type { CallInfo, Handler } from './route.ts';

const cacheStatus: Record<AnswerSource, string> = {
  hit: 'utmql; hit',
  miss: 'utmql; fwd=miss',
  collapsed: 'utmql; fwd=miss; collapsed',
};

/** Yoga wants one; the route has read the request. */
const ownAddress = 'http://utmql/graphql';

const eventStream = 'text/event-stream';

/** How a question comes, and how its answer goes out. */
interface Exchange {
  readonly method: string;
  readonly accept: string;
  /** A body that takes long to read. */
  readonly isLong: boolean;
  /** Whether a browser may keep the answer to a `GET`, to ask later whether it is still the same. */
  readonly isKept: boolean;
  /** @param note is told the bytes that are read */
  read(note: (bytes: number) => void): Promise<Question>;
}

interface GraphqlRoute {
  /** `/graphql`. */
  readonly handle: Handler;
  /**
   * Answers a query that the request has not chosen: nothing of the request counts but in which coding it takes the answer,
   * which no browser keeps. It is run, shared, limited and paid for as at `/graphql`.
   *
   * @param read returns the query; what it throws is thrown
   */
  answer(
    request: IncomingMessage,
    response: ServerResponse,
    received: CallInfo,
    read: (model: Model | undefined) => Question,
  ): Promise<void>;
  /**
   * Returns the answer to a query of the server's own, as JSON. It is run, shared, limited and paid for as at `/graphql`.
   *
   * @param response gets the headers of limits; must not have been sent
   * @param left ends the query, unless others wait for the same answer
   * @throws UtmqlError RATE_LIMITED, OVERLOADED; CANCELLED once `left` is aborted
   */
  ask(
    response: ServerResponse,
    call: ModelCall,
    question: Question,
    left: AbortSignal,
  ): Promise<CachedAnswer>;
}

/** A request, with the team's words when it came. */
export type ModelCall = CallInfo & Pick<GraphqlCall, 'model'>;

type Costs = Pick<GraphqlCall, 'onCost' | 'onRead'>;

interface QuestionKind {
  readonly kind: OperationTypeNode;
  /** Others who ask the same may be given the answer. */
  readonly isShared: boolean;
}

/**
 * Answers GraphQL over HTTP. A query is answered from the cache where it has the answer, before anything is parsed; if not, it is run once
 * for all who ask it at the same time. Mutations, subscriptions, what the audit log notes, what is for one caller and what is wrong go
 * to Yoga one by one. Browsers get GraphiQL.
 */
export function createGraphqlRoute(options: {
  graphql: Graphql;
  /** What is in force; undefined: there is none. */
  model: () => Model | undefined;
  documents: Documents;
  persisted: PersistedDocuments;
  limits: Limits;
  admission: Admission;
  /** Bytes of a request’s body. */
  maxBodyBytes: number;
  cache: ResponseCache;
  dataVersion: DataVersion;
  telemetry: Telemetry;
  clock: Clock;
  sendGraphiql: SendGraphiql;
}): GraphqlRoute {
  const { graphql, documents, persisted, limits, admission, cache, dataVersion, telemetry, clock } = options;

  const readQuestion = async (request: IncomingMessage, note: (bytes: number) => void): Promise<Question> => {
    const params = await readParams(request, options.maxBodyBytes, note);
    const { operationName, variables } = params;
    const query = persisted.documentOf(params);
    let parsed: DocumentNode | undefined;
    const document = (): DocumentNode => {
      parsed ??= documents.parse(query);
      return parsed;
    };
    return { query, document, isListed: persisted.isListed(query), operationName, variables };
  };

  /** Undefined where the question is wrong. */
  const kindOf = (question: Question, model: Model | undefined): QuestionKind | undefined => {
    try {
      const document = question.document();
      const operation = operationOf(document, question.operationName);
      if (operation === undefined) return undefined;
      const { isNoted, isPersonal } = requirementsOf(schemaOf(model), document, operation);
      return {
        kind: operation.operation,
        isShared: operation.operation === 'query' && !isNoted && !isPersonal,
      };
    } catch {
      return undefined;
    }
  };

  /** @throws UtmqlError RATE_LIMITED or OVERLOADED */
  const takeTurn = async (
    kind: OperationTypeNode,
    response: ServerResponse,
    account: string,
  ): Promise<() => void> => {
    await limits.checkCost(account, response);
    // What a mutation does is not worth less for a wait that its own queries have.
    if (kind === 'query') admission.checkRoom(account);
    return limits.takeTurn(account, kind === 'subscription' ? 'subscription' : 'operation');
  };

  const run = async (
    question: Question,
    call: ModelCall,
    accept: string,
    signal: AbortSignal,
    queries: Queries,
    costs: Costs,
  ): Promise<CachedAnswer> => {
    let reusable = true;
    let retryAfter: number | undefined;
    const forbid = (): void => {
      reusable = false;
    };
    const result = await graphql.fetch(
      ownAddress,
      { method: 'POST', headers: { accept }, signal },
      {
        ...call,
        ...costs,
        queries,
        readQuestion: () => question,
        onErrors(seconds) {
          forbid();
          retryAfter = seconds;
        },
        onVolatile: forbid,
      },
    );
    const body = Buffer.from(await result.arrayBuffer());
    return {
      status: result.status,
      contentType: result.headers.get('content-type'),
      body,
      etag: etagOf(body),
      retryAfter,
      reusable: reusable && result.status === 200,
    };
  };

  const keyOf = (question: Question, { caller, model }: ModelCall, accept: string): string =>
    answerKey({
      question,
      caller,
      modelDigest: model?.digest,
      dataVersion: dataVersion.of(caller.workspace),
      now: clock.now(),
      accept,
    });

  const openQueries = ({ account, caller, requestId }: ModelCall): Queries =>
    admission.open({ account, workspace: caller.workspace }, requestId);

  /** Runs a query once for all who ask it at the same time. */
  const share = (
    key: string,
    question: Question,
    call: ModelCall,
    accept: string,
    left: AbortSignal,
    costs: Costs,
  ): { readonly answer: Promise<CachedAnswer>; readonly source: AnswerSource; work(): Promise<void> } => {
    let work: Promise<void> = Promise.resolve();
    const { answer, source } = cache.share(key, left, (signal) => {
      const queries = openQueries(call);
      signal.addEventListener('abort', () => void queries.end(), { once: true });
      const made = run(question, call, accept, signal, queries, costs);
      work = made.then(queries.end, queries.end);
      return made;
    });
    telemetry.onResponseCache(source);
    return { answer, source, work: () => work };
  };

  const serve = async (
    request: IncomingMessage,
    response: ServerResponse,
    call: ModelCall,
    { method, accept, isLong, isKept, read }: Exchange,
  ): Promise<void> => {
    const left = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) left.abort();
    });
    /** Bytes that were looked at for nothing, unless there is an answer, or what it costs is known. */
    let unpaid = 0;
    const note = (bytes: number): void => {
      unpaid += bytes;
    };
    const costs = {
      onCost(cost: number): Promise<void> {
        unpaid = 0;
        return limits.spend(call.account, cost);
      },
      onRead(cost: number): void {
        if (cost > 0) void limits.spend(call.account, cost);
      },
    };
    response.once('close', () => void limits.spendOnRefusal(call.account, 'query', unpaid));
    /** What is at work for this caller, be it that the answer is there or they have left. */
    let work: Promise<void> = Promise.resolve();
    const passOn = async (readQuestion: () => Question, kind?: OperationTypeNode): Promise<void> => {
      if (method === 'GET') response.setHeader('Cache-Control', 'no-store');
      const queries = openQueries(call);
      response.once('close', () => {
        work = queries.end();
      });
      const context: GraphqlCall = {
        ...call,
        ...costs,
        queries,
        readQuestion,
        onErrors(seconds) {
          if (seconds !== undefined && !response.headersSent) response.setHeader('Retry-After', seconds);
        },
      };
      // Events go out one by one as they happen, uncompressed.
      if (kind === 'subscription' || accept.includes(eventStream)) {
        await graphql(request, response, context);
        return;
      }
      try {
        const init = { method, headers: { accept }, signal: left.signal };
        const result = await graphql.fetch(ownAddress, init, context);
        const body = Buffer.from(await result.arrayBuffer());
        const { 'content-length': _, ...headers } = Object.fromEntries(result.headers);
        await sendBody(request, response, { status: result.status, headers, body });
      } catch (error) {
        if (!left.signal.aborted) throw error;
      }
    };
    if (isLong) await limits.checkCost(call.account, response);
    let question: Question;
    try {
      question = await read(note);
    } catch (error) {
      if (left.signal.aborted) return;
      // The rest of a body that is refused is not waited for.
      if (!request.complete) response.setHeader('Connection', 'close');
      return passOn(() => {
        throw error;
      });
    }

    if (left.signal.aborted) return;
    const key = keyOf(question, call, accept);
    const kept = cache.get(key);
    if (kept) {
      unpaid = 0;
      telemetry.onResponseCache('hit');
      return send(request, response, kept, { source: 'hit', isKept, cache });
    }
    if (isLong) await loopTurn();
    const kind = kindOf(question, call.model);
    if (kind === undefined) return passOn(() => question);
    const endTurn = await takeTurn(kind.kind, response, call.account);
    if (left.signal.aborted) return endTurn();
    // After `passOn`'s own, which ends the work.
    const holdTurn = (): void => {
      response.once('close', () => void work.finally(endTurn));
    };
    if (!kind.isShared) {
      const passed = passOn(() => question, kind.kind);
      holdTurn();
      return passed;
    }
    const shared = share(key, question, call, accept, left.signal, costs);
    const { answer, source } = shared;
    work = shared.work();
    holdTurn();
    if (source === 'collapsed') unpaid = 0;
    try {
      await send(request, response, await answer, { source, isKept, cache });
    } catch (error) {
      if (!left.signal.aborted) throw error;
    }
  };

  return {
    async handle(request, response, received) {
      const call = { ...received, model: options.model() };
      if (asksForPage(request)) return options.sendGraphiql(request, response, call.caller);
      if (!isQuestion(request)) throw methodNotAllowed(response, '/graphql', 'GET, POST');
      const { method, headers } = request;
      return serve(request, response, call, {
        method: method ?? 'POST',
        accept: headers.accept ?? '*/*',
        isLong: method === 'POST' && Number(headers['content-length'] ?? Infinity) > shortBody,
        isKept: method === 'GET',
        read: (note) => readQuestion(request, note),
      });
    },
    async answer(request, response, received, read) {
      const call = { ...received, model: options.model() };
      const question = read(call.model);
      return serve(request, response, call, {
        method: 'GET',
        accept: 'application/graphql-response+json',
        isLong: false,
        isKept: false,
        read: async () => question,
      });
    },
    async ask(response, call, question, left) {
      const accept = 'application/json';
      const key = keyOf(question, call, accept);
      const kept = cache.get(key);
      if (kept) {
        telemetry.onResponseCache('hit');
        return kept;
      }
      const { account } = call;
      const endTurn = await takeTurn(OperationTypeNode.QUERY, response, account);
      if (left.aborted) {
        endTurn();
        throw cancelled();
      }
      const { answer, work } = share(key, question, call, accept, left, {
        onCost: (cost) => limits.spend(account, cost),
        onRead(cost) {
          if (cost > 0) void limits.spend(account, cost);
        },
      });
      try {
        return await answer;
      } catch (error) {
        throw left.aborted ? cancelled() : error;
      } finally {
        void work().finally(endTurn);
      }
    },
  };
}

const cancelled = (): UtmqlError => new UtmqlError('CANCELLED', 'The call was cancelled.');

const isQuestion = ({ method }: IncomingMessage): boolean => method === 'POST' || method === 'GET';

/**
 * A `GET` may be kept by the caller alone and is asked about each time: figures change with every ingest run, and an
 * unchanged answer costs only a 304.
 */
async function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: CachedAnswer,
  {
    source,
    isKept,
    cache,
  }: Pick<Exchange, 'isKept'> & { source: AnswerSource; cache: Pick<ResponseCache, 'compressed'> },
): Promise<void> {
  const { status, contentType, body, etag, reusable, retryAfter } = answer;
  response.setHeader('Cache-Status', cacheStatus[source]);
  if (isKept) {
    response.appendHeader('Vary', 'Accept, Authorization, Cookie, X-API-Key, X-Workspace');
    response.setHeader('Cache-Control', reusable ? 'private, max-age=0, must-revalidate' : 'no-store');
  }
  const headers = {
    ...(contentType !== null && { 'Content-Type': contentType }),
    ...(retryAfter !== undefined && { 'Retry-After': retryAfter }),
  };
  if (contentType?.startsWith(eventStream)) {
    response.writeHead(status, { ...headers, 'Content-Length': body.length }).end(body);
    return;
  }
  await sendBody(request, response, {
    status,
    headers,
    body,
    ...(isKept && reusable && { etag }),
    ...(reusable && { inCoding: (coding) => cache.compressed(answer, coding) }),
  });
}
