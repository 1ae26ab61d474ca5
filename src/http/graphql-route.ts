import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import type { DataVersion } from '../ingest/data-version.ts';
import type { Telemetry } from '../telemetry.ts';
import { answerKey } from './answer-key.ts';
import { type Documents, operationOf } from './documents.ts';
import type { Graphql } from './graphql.ts';
import { type Question, readParams, refuse } from './graphql-params.ts';
import type { PersistedDocuments } from './persisted-documents.ts';
import { type Answer, type AnswerSource, etagOf, type ResponseCache } from './response-cache.ts';
import type { CallInfo, Handler } from './server.ts';

const cacheStatus: Record<AnswerSource, string> = {
  hit: 'utmql; hit',
  miss: 'utmql; fwd=miss',
  collapsed: 'utmql; fwd=miss; collapsed',
};

/**
 * `/graphql`. A query is answered from the cache where it has the answer, before anything is parsed; if not, it is run once
 * for all who ask it at the same time. Mutations, subscriptions and what is wrong go to Yoga one by one.
 */
export function createGraphqlRoute(options: {
  graphql: Graphql;
  documents: Documents;
  persisted: PersistedDocuments;
  cache: ResponseCache;
  dataVersion: DataVersion;
  telemetry: Telemetry;
  clock: Clock;
}): Handler {
  const { graphql, documents, persisted, cache, dataVersion, telemetry, clock } = options;

  const readQuestion = async (request: IncomingMessage): Promise<Question> => {
    const params = await readParams(request);
    const { operationName, variables } = params;
    const query = persisted.documentOf(params);
    return { query, isListed: persisted.isListed(query), operationName, variables };
  };

  const isQuery = ({ query, operationName }: Question): boolean => {
    try {
      return operationOf(documents.parse(query), operationName)?.operation === 'query';
    } catch {
      return false;
    }
  };

  const run = async (
    question: Question,
    call: CallInfo,
    accept: string,
    signal: AbortSignal,
  ): Promise<Answer> => {
    let reusable = true;
    const forbid = (): void => {
      reusable = false;
    };
    const result = await graphql.fetch(
      'http://utmql/graphql',
      { method: 'POST', headers: { accept }, signal },
      { ...call, readQuestion: () => question, onErrors: forbid, onVolatile: forbid },
    );
    const body = Buffer.from(await result.arrayBuffer());
    return {
      status: result.status,
      contentType: result.headers.get('content-type'),
      body,
      etag: etagOf(body),
      reusable: reusable && result.status === 200,
    };
  };

  return async (request, response, call) => {
    const passOn = async (readQuestion: () => Question): Promise<void> => {
      if (request.method === 'GET') response.setHeader('Cache-Control', 'no-store');
      await graphql(request, response, { ...call, readQuestion });
    };
    if (!isQuestion(request)) return passOn(noQuestion);

    const left = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) left.abort();
    });
    let question: Question;
    try {
      question = await readQuestion(request);
    } catch (error) {
      if (left.signal.aborted) return;
      // The rest of a body that is refused is not waited for.
      if (!request.complete) response.setHeader('Connection', 'close');
      return passOn(() => {
        throw error;
      });
    }

    if (left.signal.aborted) return;
    const accept = request.headers.accept ?? '*/*';
    const key = answerKey({
      question,
      caller: call.caller,
      dataVersion: dataVersion.of(call.caller.workspace),
      now: clock.now(),
      accept,
    });
    const kept = cache.get(key);
    if (kept) {
      telemetry.onResponseCache('hit');
      return send(request, response, kept, 'hit');
    }
    if (!isQuery(question)) return passOn(() => question);
    const { answer, source } = cache.share(key, left.signal, (signal) => run(question, call, accept, signal));
    telemetry.onResponseCache(source);
    try {
      send(request, response, await answer, source);
    } catch (error) {
      if (!left.signal.aborted) throw error;
    }
  };
}

/** GraphiQL's page, and methods that GraphQL does not use, are Yoga's to answer. */
const isQuestion = ({ method, headers }: IncomingMessage): boolean =>
  method === 'POST' || (method === 'GET' && !headers.accept?.includes('text/html'));

const noQuestion = (): never => {
  throw refuse('BAD_USER_INPUT', 'GraphQL is asked with GET or POST.', 405);
};

/**
 * A `GET` may be kept by the caller alone and is asked about each time: figures change with every ingest run, and an
 * unchanged answer costs only a 304.
 */
function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  source: AnswerSource,
): void {
  const { status, contentType, body, etag, reusable } = answer;
  const isGet = request.method === 'GET';
  response.setHeader('Cache-Status', cacheStatus[source]);
  if (isGet) {
    response.setHeader('Vary', 'Accept, Authorization, Cookie, X-API-Key, X-Workspace');
    response.setHeader('Cache-Control', reusable ? 'private, max-age=0, must-revalidate' : 'no-store');
    if (reusable) response.setHeader('ETag', etag);
    if (reusable && matches(request.headers['if-none-match'], etag)) {
      response.writeHead(304).end();
      return;
    }
  }
  if (contentType !== null) response.setHeader('Content-Type', contentType);
  response.writeHead(status, { 'Content-Length': body.length }).end(body);
}

/** `If-None-Match` compares weakly: proxies that compress answers mark their validators so. */
const matches = (header: string | undefined, etag: string): boolean =>
  header?.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, ''))) ?? false;
