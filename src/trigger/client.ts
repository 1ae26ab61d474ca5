import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type ErrorCode, errorCodes, isPassing, isServersFault } from '../error-codes.ts';
import { reasonOf } from '../running-server.ts';

/** Longest wait for one answer. */
const answerWithinMs = 30_000;
/** utmql may be away for so long at a time: longer than a restart takes. */
const awayAtMostMs = 60_000;
const firstRetryMs = 250;
const longestRetryMs = 5_000;

/** Why utmql gave no answer. */
export class CallFailure extends Error {
  override readonly name = 'CallFailure';
  readonly kind: 'misuse' | 'unauthorised' | 'unreachable' | 'timeout';
  /** Undefined: asking again is useless. Else the milliseconds after which it may help, 0 if not known. */
  readonly retryAfterMs: number | undefined;

  constructor(kind: CallFailure['kind'], message: string, retryAfterMs?: number) {
    super(message);
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Asks a running utmql for documents of `schema/persisted`, which it answers whatever TRUSTED_DOCUMENTS is. */
export interface Client {
  /**
   * Asks until there is an answer, for as long as utmql is away only briefly.
   *
   * @param workspace the caller's first one if undefined
   * @throws CallFailure
   */
  ask<T>(question: Question<T>, variables: Readonly<Record<string, unknown>>, workspace?: string): Promise<T>;
}

/** A document by its name, and the shape of its data. */
export interface Question<T> {
  readonly name: string;
  readonly data: z.ZodType<T>;
}

const manifest = z.object({
  operations: z.array(z.object({ id: z.string(), name: z.string(), body: z.string() })),
});

const answerShape = z.object({
  data: z.unknown().optional(),
  errors: z
    .array(
      z.object({
        message: z.string(),
        extensions: z
          .object({ code: z.string(), retryAfterSeconds: z.number().optional() })
          .partial()
          .optional(),
      }),
    )
    .optional(),
});

/**
 * @param options.deadline when to give up, by `performance.now()`
 * @param options.say is told in a sentence of each attempt that failed and is repeated
 */
export function createClient(options: {
  readonly endpoint: URL;
  readonly key: string | undefined;
  readonly deadline: number;
  readonly say: (sentence: string) => void;
}): Client {
  const { endpoint, key, deadline, say } = options;
  const { operations } = manifest.parse(
    JSON.parse(readFileSync(new URL('../../schema/persisted/manifest.json', import.meta.url), 'utf8')),
  );

  const askOnce = async <T>(
    { name, data }: Question<T>,
    variables: Readonly<Record<string, unknown>>,
    workspace: string | undefined,
  ): Promise<T> => {
    const document = operations.find((operation) => operation.name === name);
    const response = await send(endpoint, deadline, {
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(workspace !== undefined && { 'x-workspace': workspace }),
      },
      // The text is for a server whose manifest is another version's.
      body: JSON.stringify({ documentId: document?.id, query: document?.body, variables }),
    });
    return readAnswer(response, endpoint, data);
  };

  let hasAnswered = false;
  return {
    async ask(question, variables, workspace) {
      let givesUpAt = deadline;
      for (let retryMs = firstRetryMs; ; retryMs = Math.min(2 * retryMs, longestRetryMs)) {
        try {
          const data = await askOnce(question, variables, workspace);
          hasAnswered = true;
          return data;
        } catch (error) {
          if (!(error instanceof CallFailure) || error.retryAfterMs === undefined) throw error;
          const now = performance.now();
          if (now >= deadline && hasAnswered)
            throw new CallFailure('timeout', `Time is up. ${error.message}`);
          givesUpAt = Math.min(givesUpAt, now + awayAtMostMs);
          const waitMs = Math.max(retryMs, error.retryAfterMs);
          if (now + waitMs >= givesUpAt) throw error;
          say(`${error.message} Trying again in ${(waitMs / 1_000).toFixed(1)} s.`);
          await delay(waitMs);
        }
      }
    },
  };
}

interface Sent {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** @throws CallFailure where nothing answers */
async function send(
  endpoint: URL,
  deadline: number,
  request: { headers: Record<string, string>; body: string },
): Promise<Sent> {
  const withinMs = Math.max(1, Math.ceil(Math.min(answerWithinMs, deadline - performance.now())));
  try {
    const response = await fetch(endpoint, {
      ...request,
      method: 'POST',
      // A key goes nowhere else.
      redirect: 'manual',
      signal: AbortSignal.timeout(withinMs),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  } catch (error) {
    throw new CallFailure(
      'unreachable',
      `utmql at ${endpoint.origin} cannot be reached (${reasonOf(error)}).`,
      0,
    );
  }
}

/** @throws CallFailure for everything but data */
function readAnswer<T>({ status, headers, text }: Sent, endpoint: URL, data: z.ZodType<T>): T {
  const retryMs = 1_000 * (Number(headers.get('retry-after')) || 0);
  if (status >= 300 && status < 400)
    throw new CallFailure(
      'unreachable',
      `${endpoint.origin} leads on to ${headers.get('location')}. Give the address of utmql itself.`,
    );
  const answer = answerShape.safeParse(parseJson(text));
  const [error] = answer.data?.errors ?? [];
  if (error !== undefined) throw failureOf(error.message, error.extensions?.code, retryMs);
  if (status === 401 || status === 403)
    throw new CallFailure('unauthorised', `${endpoint.origin} answers ${status}. Check UTMQL_API_KEY.`);
  // A proxy in front of a utmql that is away.
  if (status === 429 || status >= 500)
    throw new CallFailure('unreachable', `${endpoint.origin} answers ${status}.`, retryMs);
  const parsed = data.safeParse(answer.data?.data);
  if (!parsed.success)
    throw new CallFailure(
      'unreachable',
      `${endpoint.href} answers ${status}, and not as utmql does. Check the address.`,
    );
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function failureOf(message: string, code: string | undefined, retryMs: number): CallFailure {
  const told = code === undefined ? message : `${message} (${code})`;
  if (code === 'UNAUTHENTICATED' || code === 'FORBIDDEN') return new CallFailure('unauthorised', told);
  if (isKnown(code) && isPassing(code)) return new CallFailure('unreachable', told, retryMs);
  return new CallFailure(isServersFault(code) ? 'unreachable' : 'misuse', told);
}

const isKnown = (code: string | undefined): code is ErrorCode => code !== undefined && code in errorCodes;
