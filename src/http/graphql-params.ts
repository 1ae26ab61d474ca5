import type { IncomingMessage } from 'node:http';
import { type DocumentNode, GraphQLError } from 'graphql';
import { z } from 'zod';
import { type ErrorCode, graphqlRequestCode, statusOfCode } from '../error-codes.ts';
import { loopTurn } from '../loop-turns.ts';
import { countJsonObjects } from './query-limits.ts';

/** What a GraphQL request is made of. */
export const paramsShape = z.strictObject({
  query: z.string().nullish(),
  documentId: z.string().nullish(),
  operationName: z.string().nullish(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  extensions: z
    .looseObject({ persistedQuery: z.looseObject({ sha256Hash: z.string() }).nullish() })
    .nullish(),
});

/** What a GraphQL request asks for, before its document is known. */
export type GraphqlParams = z.infer<typeof paramsShape>;

/** What a GraphQL request asks, with the document in place of its id. */
export interface Question {
  readonly query: string;
  /** `query`, parsed when it is first asked for. Throws what is wrong with it. */
  document(): DocumentNode;
  /** Whether the document is one of a manifest's, however it came: its operations' names are known beforehand. */
  readonly isListed: boolean;
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
}

/** An error about the request itself. Its status stands whatever media type is accepted. */
export const refuse = (code: ErrorCode, message: string): GraphQLError =>
  new GraphQLError(message, {
    extensions: { code: graphqlRequestCode(code), http: { status: statusOfCode(code) } },
  });

/**
 * Reads a GraphQL request: `GET` with parameters in the address, `POST` with JSON. Nothing else is taken: a form or plain
 * text can be sent by any web page without asking (CSRF).
 *
 * @param maxBodyBytes variables and all
 * @param note is told the bytes of the body as they come
 * @throws GraphQLError with the status to answer, before more than `maxBodyBytes` are read
 */
export async function readParams(
  request: IncomingMessage,
  maxBodyBytes: number,
  note: (bytes: number) => void,
): Promise<GraphqlParams> {
  const raw =
    request.method === 'GET' ? readAddress(request.url ?? '') : await readBody(request, maxBodyBytes, note);
  const parsed = paramsShape.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = issue?.path.join('.') || 'request';
    throw refuse(
      'BAD_USER_INPUT',
      `${place}: ${issue?.message ?? 'invalid'}. Send an object with query or documentId.`,
    );
  }
  // What nests too deep must not reach code that recurses.
  countJsonObjects(parsed.data.variables);
  return parsed.data;
}

function readAddress(url: string): unknown {
  const search = new URLSearchParams(url.slice(url.indexOf('?') + 1));
  const text = (name: string): string | undefined => search.get(name) ?? undefined;
  const json = (name: string): unknown => {
    const value = text(name);
    return value === undefined || value === '' ? undefined : parseJson(value, `The parameter ${name}`);
  };
  return {
    query: text('query'),
    documentId: text('documentId'),
    operationName: text('operationName'),
    variables: json('variables'),
    extensions: json('extensions'),
  };
}

/** What is parsed and planned in a few milliseconds. */
export const shortBody = 10_000;

async function readBody(
  request: IncomingMessage,
  maxBodyBytes: number,
  note: (bytes: number) => void,
): Promise<unknown> {
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice(8) ?? 'utf-8';
  if (type !== 'application/json' || !/^"?utf-?8"?$/.test(charset) || request.headers['content-encoding']) {
    throw refuse('UNSUPPORTED_MEDIA_TYPE', 'Send the request as application/json in UTF-8, not compressed.');
  }
  const bytes = await readBytes(request, maxBodyBytes, note);
  if (bytes.length > shortBody) await loopTurn();
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refuse('BAD_USER_INPUT', 'The body is not valid UTF-8.');
  }
  const parsed = parseJson(text, 'The body');
  // Counting what a megabyte holds takes as long as parsing it.
  if (bytes.length > shortBody) await loopTurn();
  return parsed;
}

async function readBytes(
  request: IncomingMessage,
  maxBodyBytes: number,
  note: (bytes: number) => void,
): Promise<Buffer> {
  const tooLarge = (): GraphQLError =>
    refuse('TOO_LARGE', `The body is larger than ${maxBodyBytes} bytes. Split it into several requests.`);
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  // What is refused half-way still gets its answer; by default leaving the loop would close the connection.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    note(chunk.length);
    if (length > maxBodyBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refuse('BAD_USER_INPUT', `${what} is not valid JSON.`);
  }
}
