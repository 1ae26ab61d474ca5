import { STATUS_CODES } from 'node:http';
import { type Dispatcher, request } from 'undici';
import { UtmqlError } from '../../errors.ts';
import { untilAborted } from './cancellation.ts';
import { failureReason, inWords } from './failure-reason.ts';
import { parseRetryAfter } from './retry-after.ts';
import { shown } from './source-address.ts';

const MAX_REDIRECTS = 3;

/** How an attempt ended, as a metric label. */
export type AttemptOutcome = 'ok' | 'refused' | 'rate_limited' | 'server_error' | 'timeout' | 'network_error';

/** One attempt to get an answer from a source. */
export type Attempt =
  | { readonly kind: 'answered'; readonly outcome: 'ok'; readonly response: Dispatcher.ResponseData }
  /** The source is there and says no: asking again would change nothing. */
  | { readonly kind: 'refused'; readonly outcome: 'refused'; readonly error: UtmqlError }
  | {
      readonly kind: 'failed';
      readonly outcome: Exclude<AttemptOutcome, 'ok' | 'refused'>;
      /** Why, in words that follow a colon. */
      readonly reason: string;
      readonly retryAfterMs: number | undefined;
      readonly cause?: unknown;
    };

export interface AttemptOptions {
  readonly name: string;
  readonly url: URL;
  readonly headers: Record<string, string>;
  readonly dispatcher: Dispatcher;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Waits for the source's rate limit. */
  readonly turn: () => Promise<void>;
  readonly now: () => number;
}

/** Asks once, following at most three redirects within the source's origin. Throws only when `signal` aborts. */
export async function attemptRequest(options: AttemptOptions): Promise<Attempt> {
  let { url } = options;
  for (let redirects = 0; ; redirects++) {
    await options.turn();
    options.signal.throwIfAborted();
    const answer = await firstAnswer(options, url);
    if ('kind' in answer) return answer;

    const { statusCode: status, headers, body } = answer;
    if (status >= 200 && status < 300) return { kind: 'answered', outcome: 'ok', response: answer };
    // undici reports the aborted body as an error, which nobody else listens for.
    body.on('error', () => undefined).destroy();

    const answered = `answered ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd();
    if (status === 429 || status >= 500) {
      return {
        kind: 'failed',
        outcome: status === 429 ? 'rate_limited' : 'server_error',
        reason: `it ${answered}`,
        retryAfterMs: parseRetryAfter(single(headers['retry-after']), options.now()),
      };
    }
    const location = status < 400 ? single(headers.location) : undefined;
    if (location === undefined) {
      return refused(`Source ${options.name} ${answered} for ${shown(url)}; check ${checkWhat(status)}.`);
    }
    const next = URL.canParse(location, url) ? new URL(location, url) : undefined;
    if (next?.origin !== url.origin) {
      const place = next === undefined ? 'an address that is none' : shown(next);
      return refused(
        `Source ${options.name} ${answered} for ${shown(url)} and points to ${place}, which is not followed; ` +
          'if the records are there, configure that address.',
      );
    }
    if (redirects === MAX_REDIRECTS) {
      return refused(
        `Source ${options.name} redirected more than ${MAX_REDIRECTS} times, last from ${shown(url)}; ` +
          'configure the address that holds the records.',
      );
    }
    url = next;
  }
}

/** The answer's headers, its body still to come; or how the wait for them failed. */
async function firstAnswer(options: AttemptOptions, url: URL): Promise<Dispatcher.ResponseData | Attempt> {
  const { dispatcher, headers, signal, timeoutMs } = options;
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), timeoutMs);
  const either = AbortSignal.any([signal, timeout.signal]);
  try {
    // undici looks at its signal only once connected, hence the race. Its own timeouts are off: they count in half seconds.
    const answer = request(url, { dispatcher, headers, signal: either, headersTimeout: 0, bodyTimeout: 0 });
    return await untilAborted(answer, either);
  } catch (error) {
    signal.throwIfAborted();
    return timeout.signal.aborted
      ? {
          kind: 'failed',
          outcome: 'timeout',
          reason: `no answer within ${inWords(timeoutMs)}`,
          retryAfterMs: undefined,
        }
      : {
          kind: 'failed',
          outcome: 'network_error',
          reason: failureReason(error),
          retryAfterMs: undefined,
          cause: error,
        };
  } finally {
    clearTimeout(timer);
  }
}

const refused = (message: string): Attempt => ({
  kind: 'refused',
  outcome: 'refused',
  error: new UtmqlError('SOURCE_REFUSED', message),
});

const checkWhat = (status: number): string =>
  status === 401 || status === 403 || status === 407
    ? 'the credentials in the address configured for it'
    : 'the address configured for it';

/** A header that must come once; of several the first. */
export const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;
