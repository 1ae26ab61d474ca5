import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type DocumentNode, GraphQLError } from 'graphql';
import { z } from 'zod';
import type { Admission } from '../admission/admission.ts';
import { type ErrorCode, errorCodes } from '../error-codes.ts';
import { UtmqlError } from '../errors.ts';
import { exportPath } from '../graphql/export-address.ts';
import { schemaOf } from '../graphql/model-schema.ts';
import type { Limits } from '../limits/limits.ts';
import type { ExportFormat, ExportOptions, MetricsExport } from '../metrics/export.ts';
import type { Model } from '../metrics/model.ts';
import type { MetricsQuery } from '../metrics/query.ts';
import { breakdownOf, fieldOf, isBreakdown } from '../metrics/registry.ts';
import { formatDay } from '../records/day.ts';
import type { Role } from '../roles.ts';
import { addressParameters } from './address-parameters.ts';
import { createCompressor } from './compression/compress.ts';
import { negotiate } from './compression/send-body.ts';
import type { Documents } from './documents.ts';
import { type AnswerError, answerJsonError, errorHeaders, statusOf } from './error-answers.ts';
import { readExportRequest } from './export-parameters.ts';
import { asksForPage } from './graphiql-page.ts';
import type { Graphql } from './graphql.ts';
import type { Question } from './graphql-params.ts';
import { answerErrorWithLogin } from './login.ts';
import { loginPolicy, notePage } from './login-page.ts';
import { languageOf, loginTexts, problemIn } from './login-texts.ts';
import type { PersistedDocuments } from './persisted-documents.ts';
import { answerEarly } from './request-body.ts';
import type { CallInfo, Route } from './route.ts';

/** Formats of text: the others are compressed by themselves. */
const compressible: ReadonlySet<ExportFormat> = new Set(['csv', 'ndjson']);

const contentTypes: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
  arrow: 'application/vnd.apache.arrow.stream',
};

/** Bytes of a file that cost as much as one value of a response, which is about as long. */
const bytesPerUnit = 8;

const byteOrderMark = Buffer.from('\uFEFF');

/**
 * `GET /export/metrics`: the rows of a `metrics` field as a file, passed on as ClickHouse makes it. Who may ask, what it costs
 * and what is wrong with it is found as at `/graphql`.
 */
export function createExportRoute(options: {
  graphql: Graphql;
  model: () => Model | undefined;
  documents: Documents;
  persisted: PersistedDocuments;
  limits: Pick<Limits, 'checkCost' | 'spend' | 'takeTurn'>;
  admission: Pick<Admission, 'open' | 'checkRoom'>;
  bounds: () => Pick<ExportOptions, 'maxRows' | 'longestMs'>;
  /** Who is told which names were meant. */
  introspectionRoles: readonly Role[];
}): Route {
  const { graphql, documents, persisted, limits, admission } = options;

  const handle = async (
    request: IncomingMessage,
    response: ServerResponse,
    call: CallInfo,
  ): Promise<void> => {
    response.setHeader('Cache-Control', 'no-store');
    const { account, caller, requestId } = call;
    const model = options.model();
    const suggests = options.introspectionRoles.includes(caller.role);
    const asked = await readExportRequest(addressParameters(request), schemaOf(model), suggests);
    const bounds = options.bounds();
    if (asked.limit !== undefined && asked.limit > bounds.maxRows)
      throw new UtmqlError('BAD_USER_INPUT', `limit: a file has at most ${bounds.maxRows} rows.`);
    const question = questionOf(asked.document, asked.variables);
    await limits.checkCost(account, response);
    admission.checkRoom(account);
    const endTurn = await limits.takeTurn(account, 'operation');
    const queries = admission.open({ account, workspace: caller.workspace }, requestId);
    response.once('close', () => void queries.end().finally(endTurn));
    if (response.destroyed) {
      await queries.end();
      return endTurn();
    }
    const file = await plan(question, { ...call, model, queries }, { ...asked, ...bounds });
    const coding = compressible.has(asked.format)
      ? negotiate(request, response, Number.POSITIVE_INFINITY)
      : undefined;
    const head = {
      ...(coding !== undefined && { 'Content-Encoding': coding }),
      'Content-Type': contentTypes[asked.format],
      'Content-Disposition': `attachment; filename="${fileName(file.query, asked.format)}"`,
    };
    if (request.method === 'HEAD') {
      response.writeHead(200, head).end();
      return;
    }
    let isBegun = false;
    try {
      await file.send(async (bytes) => {
        isBegun = true;
        response.writeHead(200, head);
        const start = asked.hasBom ? byteOrderMark : undefined;
        const body = whole(paidFor(bytes, account), response, start);
        if (coding === undefined) await pipeline(body, response);
        else await pipeline(body, createCompressor(coding), response);
      });
    } catch (error) {
      if (!isBegun) throw error;
      reset(response);
      call.logger.warn({ err: error }, 'a file was cut off');
    }
  };

  const questionOf = (
    { documentId, query: written }: { readonly documentId?: string; readonly query?: string },
    variables: Readonly<Record<string, unknown>>,
  ): Question => {
    try {
      const query = persisted.documentOf({ documentId, query: written });
      let parsed: DocumentNode | undefined;
      const document = (): DocumentNode => {
        parsed ??= documents.parse(query);
        return parsed;
      };
      return { query, document, isListed: persisted.isListed(query), variables: { ...variables } };
    } catch (error) {
      throw error instanceof GraphQLError ? toError(complaint.parse(error)) : error;
    }
  };

  /** @throws UtmqlError the first error that GraphQL would answer with */
  const plan = async (
    question: Question,
    call: CallInfo & { readonly model: Model | undefined; readonly queries: ReturnType<Admission['open']> },
    exported: ExportOptions,
  ): Promise<MetricsExport> => {
    let planned: MetricsExport | undefined;
    const answer = await graphql.fetch(
      'http://utmql/graphql',
      { method: 'POST', headers: { accept: 'application/json' } },
      {
        ...call,
        readQuestion: () => question,
        onCost: (cost: number) => limits.spend(call.account, cost),
        onRead(cost: number) {
          if (cost > 0) void limits.spend(call.account, cost);
        },
        exporting: {
          options: exported,
          onPlanned(file: MetricsExport) {
            planned = file;
          },
        },
      },
    );
    const { errors: [error] = [] } = answerShape.parse(await answer.json());
    if (error !== undefined) throw toError(error);
    if (planned === undefined) throw new Error('the file was not planned');
    return planned;
  };

  async function* paidFor(chunks: AsyncIterable<Buffer>, account: string): AsyncGenerator<Buffer, void> {
    let sent = 0;
    try {
      for await (const chunk of chunks) {
        sent += chunk.length;
        yield chunk;
      }
    } finally {
      void limits.spend(account, Math.ceil(sent / bytesPerUnit));
    }
  }

  return { method: 'GET', path: exportPath, access: 'read', isCrossOrigin: true, answerError, handle };
}

/** Whoever follows a link to a file in a browser is told in a page. */
const answerError: AnswerError = (request, response, error) => {
  if (!asksForPage(request)) return answerJsonError(request, response, error);
  if (error.code === 'UNAUTHENTICATED' || error.code === 'FORBIDDEN')
    return answerErrorWithLogin(request, response, error);
  const headers = {
    ...errorHeaders(error),
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': loginPolicy,
  };
  const language = languageOf(request);
  const page = notePage(language, loginTexts(language).download, problemIn(language, error));
  answerEarly(request, response, statusOf(error), headers, page);
};

const complaint = z.object({
  message: z.string(),
  extensions: z
    .object({ code: z.string(), retryable: z.boolean(), retryAfterSeconds: z.number() })
    .partial()
    .optional(),
});
type Complaint = z.infer<typeof complaint>;

const answerShape = z.object({ errors: z.array(complaint).optional() });

/** What GraphQL says is wrong, as other routes say it. */
function toError({ message, extensions = {} }: Complaint): UtmqlError {
  const { code, retryable = false, retryAfterSeconds } = extensions;
  return new UtmqlError(isErrorCode(code) ? code : 'BAD_USER_INPUT', message, {
    retryable,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
}

const isErrorCode = (code: string | undefined): code is ErrorCode => code !== undefined && code in errorCodes;

/**
 * Ends an answer so that nobody takes what they have for the whole. To close the connection is not enough: with HTTP/1.0, in which some
 * proxies ask, that is how a whole answer ends.
 */
const reset = ({ socket }: ServerResponse): void => {
  socket?.resetAndDestroy();
};

/** A file's bytes, behind what it starts with. */
async function* whole(
  bytes: AsyncIterable<Buffer>,
  response: ServerResponse,
  start: Buffer | undefined,
): AsyncGenerator<Buffer, void> {
  if (start !== undefined) yield start;
  try {
    yield* bytes;
  } catch (error) {
    // Before the pipeline closes it.
    reset(response);
    throw error;
  }
}

/** Characters of a file's name, without its ending. */
const longestName = 120;

/** `metrics_2026-01-01_2026-01-31_by_channel.csv`: only characters that are safe in a header and on any disk. */
function fileName({ range, groupBy, granularity }: MetricsQuery, format: ExportFormat): string {
  const by = groupBy.map((name) => {
    if (name === 'date') return granularity;
    return isBreakdown(name) ? breakdownOf(name) : fieldOf(name);
  });
  const parts = [
    'metrics',
    formatDay(range.from),
    formatDay(range.to),
    ...(by.length > 0 ? ['by', ...by] : []),
  ];
  return `${parts
    .join('_')
    .replace(/[^\w-]/g, '-')
    .slice(0, longestName)}.${format}`;
}
