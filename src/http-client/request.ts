import { STATUS_CODES } from 'node:http';
import { type Dispatcher, request } from 'undici';
import { UtmqlError } from '../errors.ts';
import { linkSignals, untilAborted } from '../time.ts';
import type { FailureClass, FailureClassifier } from './failure-classifier.ts';
import { errorCodeOf, type FailureCause, failureCause, formatDuration } from './failure-reason.ts';
import { bodyExcerpt, bufferedBody, type SourceBodyOptions } from './response-body.ts';
import { privateAddressCode, type SourceDispatchers } from './source-dispatchers.ts';

const MAX_REDIRECTS = 3;

/** An answer that is neither good nor worth another attempt, and may point elsewhere. */
export interface Redirection {
  readonly method: 'GET' | 'POST';
  /** What was asked, and the status it answered with. */
  readonly url: URL;
  readonly status: number;
  readonly location: string;
  /** Redirects followed so far. */
  readonly followed: number;
  /** What may be shown of an address. */
  readonly show: (url: URL) => string;
}

/** Where a redirect leads when it may be followed: within the origin, three times. Else why it is not, to follow its status. */
export function redirectTarget(redirection: Redirection): URL | string {
  const { method, url, status, location, followed, show } = redirection;
  const next = URL.canParse(location, url) ? new URL(location, url) : undefined;
  // After the other redirects a POST would have to become a GET, which asks for something else.
  const keepsMethod = method === 'GET' || status === 307 || status === 308;
  if (next?.origin !== url.origin || !keepsMethod) {
    const place = next === undefined ? 'an address that is none' : show(next);
    return `for ${show(url)} and points to ${place}, which is not followed; if the records are there, configure that address.`;
  }
  if (followed < MAX_REDIRECTS) return next;
  return (
    `for ${show(url)} and has redirected more than ${MAX_REDIRECTS} times; ` +
    'configure the address that holds the records.'
  );
}

/** Nothing beyond it can be meant, and dates far beyond it cannot be written. */
const LONGEST_MS = 365 * 86_400_000;

/**
 * Milliseconds that a Retry-After header asks to wait; it holds seconds or an HTTP date (RFC 9110, 10.2.3).
 * `undefined` when there is none or it is neither.
 */
function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, LONGEST_MS);
  const date = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.min(Math.max(0, date - now), LONGEST_MS);
}

/** An error's body is read this far: enough for what it says, whatever it is. */
const MAX_ERROR_BYTES = 65_536;

/** How an attempt ended, as a metric label. */
export type AttemptOutcome = 'ok' | 'refused' | 'rate_limited' | 'server_error' | 'timeout' | 'network_error';

/** A good answer: its headers, and its body still to come, or held. */
export interface SourceResponse<Body> {
  readonly headers: Dispatcher.ResponseData['headers'];
  readonly body: Body;
}

export interface FailedAttempt extends FailureCause {
  readonly kind: 'failed';
  readonly outcome: Exclude<AttemptOutcome, 'ok' | 'refused'>;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** The source is there and says no: asking again would change nothing. */
interface RefusedAttempt {
  readonly kind: 'refused';
  readonly outcome: 'refused';
  readonly error: UtmqlError;
  /** Of the answer, where the source refused by one. */
  readonly status?: number | undefined;
}

/** One attempt to get an answer from a source. */
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
  readonly reach: SourceDispatchers;
  /** The address was taken from an answer of the source. */
  readonly isPointedTo: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Waits for the source's rate limit. */
  readonly turn: () => Promise<void>;
  readonly now: () => number;
  /** What may be shown of an address. */
  readonly show: (url: URL) => string;
  /** Where its credentials are configured, in words. */
  readonly credentials: string;
  readonly classifyFailure: FailureClassifier | undefined;
}

/** Asks once, and leaves the body of a good answer to the caller. Throws only when `signal` aborts. */
export async function attemptRequest(options: AttemptOptions): Promise<AttemptResult<ReadableBody>> {
  const { attempt } = await ask(options);
  return attempt;
}

/** Asks once for an answer that is whole, and good by the platform's rules, too. Throws only when `signal` aborts. */
export async function attemptPage(options: AttemptOptions, maxBytes: number): Promise<AttemptResult<Buffer>> {
  const { attempt, url } = await ask(options);
  if (attempt.kind !== 'answered') return attempt;
  const { headers } = attempt.answer;
  try {
    const body = await bufferedBody(bodyOptions(options, url, attempt.answer), maxBytes);
    const verdict = options.classifyFailure?.({ status: 200, headers, body });
    return verdict === undefined
      ? { kind: 'answered', outcome: 'ok', answer: { headers, body } }
      : classifiedAttempt(options, url, 'answered 200 OK', verdict);
  } catch (error) {
    options.signal.throwIfAborted();
    if (!(error instanceof UtmqlError)) throw error;
    const { code, message, cause } = error;
    return error.retryable
      ? { kind: 'failed', outcome: 'network_error', reason: message.replace(/\.$/, ''), cause }
      : refused(`cannot be read from ${options.show(url)}: ${message}`, options, { code, cause });
  }
}

/** Asks once, following redirects; and the address that the answer came from. */
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
    const verdict = await classifyErrorResponse(options, url, answer);
    // undici reports the aborted body as an error, which nobody else listens for.
    body.on('error', () => undefined).destroy();
    options.signal.throwIfAborted();

    const answered = `answered ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd();
    if (verdict !== undefined)
      return { attempt: classifiedAttempt(options, url, answered, verdict, status), url };
    if (status === 429 || status >= 500) {
      const retryAfterMs = parseRetryAfter(firstHeader(headers['retry-after']), options.now());
      const outcome = status === 429 ? 'rate_limited' : 'server_error';
      const advice = status === 429 ? { advice: slowDownAdvice } : {};
      return {
        attempt: { kind: 'failed', outcome, reason: `it ${answered}`, retryAfterMs, ...advice },
        url,
      };
    }
    const location = status < 400 ? firstHeader(headers.location) : undefined;
    if (location === undefined) {
      return {
        attempt: refused(`${answered} for ${show(url)}; check ${whatToCheck(options, status)}.`, options, {
          status,
        }),
        url,
      };
    }
    const target = redirectTarget({ method, url, status, location, followed, show });
    if (typeof target === 'string') return { attempt: refused(`${answered} ${target}`, options), url };
    url = target;
  }
}

const slowDownAdvice = 'Lower its rate_limit, or raise its patience_ms.';

/** What the platform's own rules say of an error, for which they may need its body. */
async function classifyErrorResponse(
  options: AttemptOptions,
  url: URL,
  answer: Dispatcher.ResponseData,
): Promise<FailureClass | undefined> {
  const { statusCode: status, headers } = answer;
  if (options.classifyFailure === undefined || status < 400) return undefined;
  const body = await bodyExcerpt(bodyOptions(options, url, answer), MAX_ERROR_BYTES);
  return options.classifyFailure({ status, headers, body });
}

function classifiedAttempt(
  options: AttemptOptions,
  url: URL,
  answered: string,
  verdict: FailureClass,
  status?: number,
): RefusedAttempt | FailedAttempt {
  if (verdict.kind === 'refused') {
    const { detail, advice = `check what it is asked for and ${options.credentials}` } = verdict;
    return refused(`${answered} (${detail}) for ${options.show(url)}; ${advice}.`, options, { status });
  }
  return {
    kind: 'failed',
    outcome: verdict.kind === 'throttled' ? 'rate_limited' : 'server_error',
    reason: `it ${answered} (${verdict.detail})`,
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

/** The answer's headers, its body still to come; or how the wait for them failed. */
async function firstAnswer(
  options: AttemptOptions,
  url: URL,
  isPointedTo: boolean,
): Promise<Dispatcher.ResponseData | FailedAttempt | RefusedAttempt> {
  const { reach, method, headers, signal, timeoutMs } = options;
  const late = new Error('no answer in time');
  // undici aborts the body by it, too: it stays linked until that has ended.
  const linked = linkSignals([signal]);
  const timer = setTimeout(() => linked.abort(late), timeoutMs);
  // undici's own timeouts are off: they count in half seconds.
  const timeouts = { headersTimeout: 0, bodyTimeout: 0 };
  const body = options.body ?? null;
  try {
    const dispatcher = isPointedTo ? reach.pointedTo(url) : reach.configured;
    const asked = request(url, { dispatcher, method, headers, body, signal: linked.signal, ...timeouts });
    // undici looks at its signal only once connected.
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

/** What is wrong with a request that is answered so, in words that follow `check`. */
function whatToCheck({ credentials }: AttemptOptions, status: number): string {
  if (status === 401 || status === 403 || status === 407) return credentials;
  if (status === 405) return 'its method, GET or POST';
  if (status === 413 || status === 414 || status === 431) return 'how much it is asked for at once';
  const isOfAddress = status < 400 || status === 404 || status === 410;
  return isOfAddress ? 'the address configured for it' : 'what it is asked for: parameters, body and headers';
}

/** A header that must come once; of several the first. */
export const firstHeader = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;
