import { STATUS_CODES } from 'node:http';
import { type Dispatcher, request } from 'undici';
import { UtmqlError } from '../errors.ts';
import { linkSignals, untilAborted } from '../time.ts';
import type { FailureClass, FailureClassifier } from './failure-classifier.ts';
import { errorCodeOf, type FailureCause, failureCause, formatDuration } from './failure-reason.ts';
import { bodyExcerpt, bufferedBody, type SourceBodyOptions } from './response-body.ts';
import { saidOf } from './said.ts';
import { privateAddressCode, type SourceDispatchers } from './source-dispatchers.ts';

const MAX_REDIRECTS = 3;

/** A response with a redirect status. */
export interface Redirection {
  readonly method: 'GET' | 'POST';
  /** The requested address, and the status of its response. */
  readonly url: URL;
  readonly status: number;
  readonly location: string;
  /** Number of redirects followed so far. */
  readonly followed: number;
  /** Returns the part of an address that may be shown. */
  readonly show: (url: URL) => string;
}

/**
 * Returns the address of a redirect that may be followed: within the origin, at most three times. Else returns why not, in words
 * that follow the status.
 */
export function redirectTarget(redirection: Redirection): URL | string {
  const { method, url, status, location, followed, show } = redirection;
  const next = URL.canParse(location, url) ? new URL(location, url) : undefined;
  // With the other redirects a POST would become a GET, which requests something else.
  const keepsMethod = method === 'GET' || status === 307 || status === 308;
  if (next?.origin !== url.origin || !keepsMethod) {
    const place = next === undefined ? 'an invalid address' : show(next);
    return `for ${show(url)} and points to ${place}, which is not followed; if the records are there, configure that address.`;
  }
  if (followed < MAX_REDIRECTS) return next;
  return (
    `for ${show(url)} and has redirected more than ${MAX_REDIRECTS} times; ` +
    'configure the address that holds the records.'
  );
}

/** Maximum wait: a longer one is a mistake, and its date may not be representable. */
const LONGEST_MS = 365 * 86_400_000;

/**
 * Returns the milliseconds of a Retry-After header, which holds seconds or an HTTP date (RFC 9110, 10.2.3). Returns `undefined`
 * if the header is missing or holds neither.
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, LONGEST_MS);
  const date = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.min(Math.max(0, date - now), LONGEST_MS);
}

/** Maximum bytes read of an error's body, and maximum time for them. */
const MAX_ERROR_BYTES = 65_536;
const MAX_ERROR_MS = 5_000;

/** How an attempt ended, as a metric label. */
export type AttemptOutcome = 'ok' | 'refused' | 'rate_limited' | 'server_error' | 'timeout' | 'network_error';

/** A successful response: its headers, and its body as a stream or a buffer. */
export interface SourceResponse<Body> {
  readonly headers: Dispatcher.ResponseData['headers'];
  readonly body: Body;
}

export interface FailedAttempt extends FailureCause {
  readonly kind: 'failed';
  readonly outcome: Exclude<AttemptOutcome, 'ok' | 'refused'>;
  /** What the source says, as the end of a sentence. */
  readonly said?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** The source refused the request: a retry would not help. */
interface RefusedAttempt {
  readonly kind: 'refused';
  readonly outcome: 'refused';
  readonly error: UtmqlError;
  /** The status of the response, if there was one. */
  readonly status?: number | undefined;
}

/** The result of one attempt. */
export type AttemptResult<Body> =
  | { readonly kind: 'answered'; readonly outcome: 'ok'; readonly answer: SourceResponse<Body> }
  | RefusedAttempt
  | FailedAttempt;

export type ReadableBody = Dispatcher.ResponseData['body'];

export interface AttemptOptions {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
  readonly dispatchers: SourceDispatchers;
  /** True if the address comes from a response of the source. */
  readonly isPointedTo: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Waits for the source's rate limit. */
  readonly turn: () => Promise<void>;
  readonly now: () => number;
  /** Returns the part of an address that may be shown. */
  readonly show: (url: URL) => string;
  /** Returns a text of the source without the secrets of its settings. */
  readonly hide: (text: string) => string;
  /** Where the credentials are configured, in words. */
  readonly credentials: string;
  readonly classifyFailure: FailureClassifier | undefined;
}

/** Makes one attempt. The caller consumes the body of a successful response. Throws only if `signal` aborts. */
export async function attemptRequest(options: AttemptOptions): Promise<AttemptResult<ReadableBody>> {
  const { attempt } = await ask(options);
  return attempt;
}

/**
 * Makes one attempt and reads the whole response, which must not be an error by the platform's rules. Throws only if `signal`
 * aborts.
 */
export async function attemptPage(options: AttemptOptions, maxBytes: number): Promise<AttemptResult<Buffer>> {
  const { attempt, url } = await ask(options);
  if (attempt.kind !== 'answered') return attempt;
  const { headers } = attempt.answer;
  try {
    const body = await bufferedBody(bodyOptions(options, url, attempt.answer), maxBytes);
    const verdict = options.classifyFailure?.({ status: 200, headers, body });
    return verdict === undefined
      ? { kind: 'answered', outcome: 'ok', answer: { headers, body } }
      : classifiedAttempt(options, url, 'answered 200 OK', {
          verdict,
          said: saidIn(options, url, headers, body),
        });
  } catch (error) {
    options.signal.throwIfAborted();
    if (!(error instanceof UtmqlError)) throw error;
    const { code, message, cause } = error;
    return error.retryable
      ? { kind: 'failed', outcome: 'network_error', reason: message.replace(/\.$/, ''), cause }
      : refused(`cannot be read from ${options.show(url)}: ${message}`, options, { code, cause });
  }
}

/** Makes one attempt and follows redirects. Returns the result and the address that it came from. */
async function ask(options: AttemptOptions): Promise<{ attempt: AttemptResult<ReadableBody>; url: URL }> {
  const { method, show } = options;
  let { url } = options;
  for (let followed = 0; ; followed++) {
    await options.turn();
    options.signal.throwIfAborted();
    const answer = await firstAnswer(options, url, options.isPointedTo || followed > 0);
    if ('kind' in answer) return { attempt: answer, url };

    const { statusCode: status, headers, body } = answer;
    if (status >= 200 && status < 300) {
      return { attempt: { kind: 'answered', outcome: 'ok', answer: { headers, body } }, url };
    }
    const { verdict, said } = await explain(options, url, answer);
    // undici reports the aborted body as an error event, which needs a listener.
    body.on('error', () => undefined).destroy();
    options.signal.throwIfAborted();

    const answered = `answered ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd();
    if (verdict !== undefined)
      return { attempt: classifiedAttempt(options, url, answered, { verdict, said, status }), url };
    if (status === 429 || status >= 500) {
      const retryAfterMs = parseRetryAfter(firstHeader(headers['retry-after']), options.now());
      const outcome = status === 429 ? 'rate_limited' : 'server_error';
      const advice = status === 429 ? { advice: slowDownAdvice } : {};
      return {
        attempt: { kind: 'failed', outcome, reason: `it ${answered}`, said, retryAfterMs, ...advice },
        url,
      };
    }
    const location = status < 400 ? firstHeader(headers.location) : undefined;
    if (location === undefined) {
      return {
        attempt: refused(
          `${answered} for ${show(url)}${said}; check ${whatToCheck(options, status)}.`,
          options,
          { status },
        ),
        url,
      };
    }
    const target = redirectTarget({ method, url, status, location, followed, show });
    if (typeof target === 'string') return { attempt: refused(`${answered} ${target}`, options), url };
    url = target;
  }
}

const slowDownAdvice = 'Lower its rate_limit, or raise its patience_ms.';

/** What an error response means by the platform's rules, and what it says as the end of a sentence. */
interface Explained {
  readonly verdict: FailureClass | undefined;
  readonly said: string;
}

async function explain(
  options: AttemptOptions,
  url: URL,
  answer: Dispatcher.ResponseData,
): Promise<Explained> {
  const { statusCode: status, headers } = answer;
  if (status < 400) return { verdict: undefined, said: '' };
  const { body, isBroken } = await bodyExcerpt(bodyOptions(options, url, answer), {
    maxBytes: MAX_ERROR_BYTES,
    withinMs: Math.min(options.timeoutMs, MAX_ERROR_MS),
  });
  return {
    verdict: options.classifyFailure?.({ status, headers, body: isBroken ? Buffer.alloc(0) : body }),
    said: saidIn(options, url, headers, body),
  };
}

/** Quotes what a body says. */
const saidIn = (
  { headers, body: sent, hide }: AttemptOptions,
  url: URL,
  answered: Dispatcher.ResponseData['headers'],
  body: Buffer,
): string =>
  saidOf(
    { url, headers, body: sent, hide },
    body.subarray(0, MAX_ERROR_BYTES),
    firstHeader(answered['content-type']),
  );

function classifiedAttempt(
  options: AttemptOptions,
  url: URL,
  answered: string,
  { verdict, said, status }: { verdict: FailureClass; said: string; status?: number },
): RefusedAttempt | FailedAttempt {
  if (verdict.kind === 'refused') {
    const { detail, advice = `check what it is asked for and ${options.credentials}` } = verdict;
    const what = `${answered} (${detail}) for ${options.show(url)}${said}; ${advice}.`;
    return refused(what, options, { status });
  }
  return {
    kind: 'failed',
    outcome: verdict.kind === 'throttled' ? 'rate_limited' : 'server_error',
    reason: `it ${answered} (${verdict.detail})`,
    said,
    ...(verdict.kind === 'throttled' && { retryAfterMs: verdict.retryAfterMs, advice: slowDownAdvice }),
  };
}

function bodyOptions(
  { name, show, signal, timeoutMs }: AttemptOptions,
  url: URL,
  { headers, body }: SourceResponse<ReadableBody>,
): SourceBodyOptions {
  const contentEncoding = firstHeader(headers['content-encoding']);
  return { name, subject: 'its answer', from: show(url), body, contentEncoding, idleMs: timeoutMs, signal };
}

/** Returns a response with its headers, whose body is still to be read, or why there is none. */
async function firstAnswer(
  options: AttemptOptions,
  url: URL,
  isPointedTo: boolean,
): Promise<Dispatcher.ResponseData | FailedAttempt | RefusedAttempt> {
  const { dispatchers, method, headers, signal, timeoutMs } = options;
  const late = new Error('no answer in time');
  // undici uses this signal for the body, too, so it stays linked until the body has ended.
  const linked = linkSignals([signal]);
  const timer = setTimeout(() => linked.abort(late), timeoutMs);
  // undici's own timeouts are off, because they are rounded to half seconds.
  const timeouts = { headersTimeout: 0, bodyTimeout: 0 };
  const body = options.body ?? null;
  try {
    const dispatcher = isPointedTo ? dispatchers.pointedTo(url) : dispatchers.configured;
    const asked = request(url, { dispatcher, method, headers, body, signal: linked.signal, ...timeouts });
    // undici ignores its signal until it is connected.
    const answer = await untilAborted(asked, linked.signal);
    answer.body.once('close', linked.unlink);
    return answer;
  } catch (error) {
    linked.unlink();
    signal.throwIfAborted();
    if (errorCodeOf(error) === privateAddressCode) {
      const what = `points to ${options.show(url)}, which leads into a private network and is not followed`;
      return refused(`${what}; if that is meant, set SOURCE_REDIRECTS_TO_PRIVATE to allow.`, options);
    }
    return error === late
      ? {
          kind: 'failed',
          outcome: 'timeout',
          reason: `no answer within ${formatDuration(timeoutMs)}`,
          advice: 'Raise its timeout_ms where it needs longer, or ask for fewer days at once.',
        }
      : { kind: 'failed', outcome: 'network_error', ...failureCause(error), cause: error };
  } finally {
    clearTimeout(timer);
  }
}

function refused(
  what: string,
  { name }: AttemptOptions,
  {
    code = 'SOURCE_REFUSED',
    cause,
    status,
  }: { code?: UtmqlError['code']; cause?: unknown; status?: number | undefined } = {},
): RefusedAttempt {
  return {
    kind: 'refused',
    outcome: 'refused',
    status,
    error: new UtmqlError(code, `Source ${name} ${what}`, { cause }),
  };
}

/** Returns what to check for a status, in words that follow `check`. */
function whatToCheck({ credentials }: AttemptOptions, status: number): string {
  if (status === 401 || status === 403 || status === 407) return credentials;
  if (status === 405) return 'its method, GET or POST';
  if (status === 413 || status === 414 || status === 431) return 'how much it is asked for at once';
  const isOfAddress = status < 400 || status === 404 || status === 410;
  return isOfAddress ? 'the address configured for it' : 'what it is asked for: parameters, body and headers';
}

/** Returns a header that must occur once; the first if there are several. */
export const firstHeader = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;
