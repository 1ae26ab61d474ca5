import type { TypedDocumentString } from '../../../schema/generated/dashboard/graphql.ts';
import { type Problem, problemOf } from './problem.ts';

/** Characters of an address that every proxy passes on. */
const longestAddress = 4_000;

const accept = 'application/graphql-response+json, application/json';

/** An answer, with what went wrong in parts of it. */
export interface Answer<Data> {
  readonly data: Data;
  /** Why some fields are null. */
  readonly problems: readonly Problem[];
}

interface GraphqlResult<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly {
    message: string;
    extensions?: { code?: string; retryAfterSeconds?: number };
  }[];
}

/** What a failed question is rejected with. */
export class AskError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

export const idOf = <Data, Variables>(document: TypedDocumentString<Data, Variables>): string =>
  String(document.__meta__?.hash);

/**
 * Asks a persisted document by its id. Queries go by `GET`, which server and browser answer from their caches until new data
 * arrives.
 *
 * @throws AskError when there is no answer at all
 */
export async function ask<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
  options: { signal?: AbortSignal; isMutation?: boolean } = {},
): Promise<Answer<Data>> {
  const { signal, isMutation = false } = options;
  const address = `/graphql?${new URLSearchParams({
    documentId: idOf(document),
    variables: JSON.stringify(variables),
  }).toString()}`;
  const request: RequestInit =
    isMutation || address.length > longestAddress
      ? {
          method: 'POST',
          headers: { accept, 'content-type': 'application/json' },
          body: JSON.stringify({ documentId: idOf(document), variables }),
        }
      : { headers: { accept } };
  return receive(request.method === 'POST' ? '/graphql' : address, { ...request, ...(signal && { signal }) });
}

/** The name of a document’s operation, by which a share link has it. */
const nameOf = (document: { toString(): string }): string =>
  /^\s*query (\w+)/m.exec(document.toString())?.[1] ?? '';

/**
 * Asks for the answer of a share link to a document. With what variables the document is asked, the link has settled.
 *
 * @param documents those of the link
 * @throws AskError when there is no answer at all
 */
export async function askShared<Data, Variables>(
  documents: readonly string[],
  document: TypedDocumentString<Data, Variables>,
  signal: AbortSignal,
): Promise<Answer<Data>> {
  const question = documents.indexOf(nameOf(document));
  if (question < 0) throw new AskError({ code: 'NOT_FOUND', message: 'The link does not have this part.' });
  const token = new URLSearchParams(window.location.search).get('t') ?? '';
  const search = new URLSearchParams({ t: token, question: String(question) });
  return receive(`/share/answers?${search.toString()}`, { headers: { accept }, credentials: 'omit', signal });
}

async function receive<Data>(address: string, request: RequestInit): Promise<Answer<Data>> {
  const { signal } = request;
  const response = await fetch(address, request).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new AskError({ code: 'UNREACHABLE', message: '' });
  });
  const result = (await response.json().catch(() => ({}))) as GraphqlResult<Data>;
  const problems = (result.errors ?? []).map(problemOf);
  if (result.data) return { data: result.data, problems };
  throw new AskError(problems[0] ?? { code: 'UNREACHABLE', message: `HTTP ${response.status}` });
}
