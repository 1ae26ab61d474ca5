import { createRequire } from 'node:module';
import { handleWhenResult, retry } from 'cockatiel';
import pThrottle from 'p-throttle';
import { UtmqlError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { type Clock, cancelled, systemClock, untilAborted } from '../time.ts';
import { originAndPath, parseSourceAddress } from './address.ts';
import {
  type BackoffRules,
  type BreakerRules,
  type BreakerState,
  backoff,
  createCircuitBreaker,
  defaultBreakerRules,
  isBrokenCircuit,
  isFailed,
  isThrottled,
} from './circuit-breaker.ts';
import type { FailureClassifier } from './failure-classifier.ts';
import { type FailureCause, formatDuration } from './failure-reason.ts';
import {
  type AttemptOptions,
  type AttemptOutcome,
  type AttemptResult,
  attemptPage,
  attemptRequest,
  type FailedAttempt,
  firstHeader,
  type SourceResponse,
} from './request.ts';
import { sourceBody } from './response-body.ts';
import { createSourceDispatchers, type Network, systemNetwork } from './source-dispatchers.ts';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** What a source answered: iterate `body`, or abort the signal; until then the connection is held. */
interface StreamedResponse {
  /** Decompressed bytes. Throws UtmqlError when the answer breaks off, stalls or cannot be decompressed. */
  readonly body: AsyncIterable<Uint8Array>;
  readonly contentType: string | undefined;
}

/** A whole answer, decompressed. */
interface BufferedResponse extends SourceResponse<Buffer> {
  readonly contentType: string | undefined;
}

export interface OpenOptions {
  /** What to ask for, within the source. Default: the configured address. */
  readonly url?: URL | undefined;
  readonly body?: string | undefined;
  /** `url` was taken from an answer of the source. */
  readonly isPointedTo?: boolean | undefined;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly requestId?: string | undefined;
}

/** One configured source of records that is fetched over HTTP. */
export interface HttpSource {
  readonly name: string;
  /**
   * Asks the source, again and again where that can help, until it answers with a 2xx.
   * @throws UtmqlError SOURCE_UNAVAILABLE (retryable), SOURCE_REFUSED, CANCELLED
   */
  open(options: OpenOptions): Promise<StreamedResponse>;
  /**
   * Asks likewise until an answer has come whole, and is no error by the platform's own rules.
   * @throws UtmqlError also SOURCE_MALFORMED, for an answer of more than `maxBytes` or one that cannot be decompressed
   */
  page(options: OpenOptions, maxBytes: number): Promise<BufferedResponse>;
  /** `open`: calls fail at once. `half-open`: the next failure opens the circuit again. */
  state(): BreakerState;
}

/** How a call ended, for metrics: each attempt, and each call that the open circuit or the caller ended. */
export type SourceOutcome = AttemptOutcome | 'circuit_open' | 'cancelled';

export interface HttpSourceOptions {
  readonly name: string;
  /** May hold credentials (sent as basic authorization) and parameters; neither is ever shown. */
  readonly url: string;
  /** Default GET. */
  readonly method?: 'GET' | 'POST' | undefined;
  /** Sent with every request, in place of the program's own of the same name (lower case). */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Headers that must be got first, such as a token that expires. */
  readonly authorize?: ((call: OpenOptions) => Promise<Readonly<Record<string, string>>>) | undefined;
  /** What `authorize` gave was refused (401): the next call of it gets others. */
  readonly reauthorize?: (() => void) | undefined;
  /** Where the credentials are configured, in words that follow `check`. */
  readonly credentials?: string | undefined;
  /** Longest wait for the headers, connecting included, and longest silence within the body. */
  readonly timeoutMs: number;
  /** Attempts in all that may fail, those that are throttled apart. Default 4. */
  readonly attempts?: number | undefined;
  /**
   * How long is waited in all, of one request, for a source that throttles (429), and for one that names a time. A longer
   * Retry-After fails the call: a scheduler can come again then, a waiting run holds its place for nothing.
   */
  readonly patienceMs?: number | undefined;
  readonly backoffMs?: BackoffRules | undefined;
  /** Default: 5 failures open the circuit for 30 s, 2 successes close it. */
  readonly breaker?: BreakerRules | undefined;
  /** Requests a second on average, and at once. Default 100 and 10. */
  readonly rateLimit?: { readonly perSecond: number; readonly burst: number } | undefined;
  readonly classifyFailure?: FailureClassifier | undefined;
  /** What may be shown of an address. Default: origin and path. */
  readonly show?: ((url: URL) => string) | undefined;
  /** Whether it may point from a public address into a private network. Default: no. */
  readonly mayLeadInside?: boolean | undefined;
  readonly network?: Network | undefined;
  readonly clock?: Clock | undefined;
  readonly metrics?: { onRequest(outcome: SourceOutcome, seconds: number): void } | undefined;
}

/** Makes a source with its own connections, circuit breaker and rate limit, so that no other source suffers from it. */
export function createHttpSource(options: HttpSourceOptions): HttpSource {
  const {
    name,
    method = 'GET',
    timeoutMs,
    attempts = 4,
    patienceMs = 150_000,
    backoffMs = { initial: 500, max: 10_000 },
    breaker: rules = defaultBreakerRules,
    rateLimit = { perSecond: 100, burst: 10 },
    credentials = 'the credentials in the address configured for it',
    show = originAndPath,
    clock = systemClock,
  } = options;
  const address = parseSourceAddress(name, options.url);
  const reach = createSourceDispatchers({
    configured: address.url,
    timeoutMs,
    mayLeadInside: options.mayLeadInside ?? false,
    network: options.network ?? systemNetwork,
  });
  // A source that throttles is well: leaving it alone for longer than it asks for would only fail the run.
  const isBroken = (result: unknown): boolean => isFailed(result) && !isThrottled(result);
  const breaker = createCircuitBreaker(handleWhenResult(isBroken), rules);
  // p-throttle counts calls in a window and knows no bursts. Ten in any 100 ms (`strict` lets the window slide) is both: never
  // more than 10 at once, never more than 100 in a second. 100 in any 1000 ms would let 100 go at once.
  const window = { limit: rateLimit.burst, interval: (1_000 * rateLimit.burst) / rateLimit.perSecond };
  const turn = pThrottle({ ...window, strict: true })(async () => undefined);
  let last: FailureCause = { reason: '' };

  const unavailable = (
    message: string,
    { lasts, cause }: Pick<FailedAttempt, 'lasts' | 'cause'> = {},
  ): UtmqlError => new UtmqlError('SOURCE_UNAVAILABLE', message, { retryable: lasts !== true, cause });

  function failure(failed: FailedAttempt, place: string, made: number): UtmqlError {
    const { reason, retryAfterMs: wait = 0, advice } = failed;
    if (wait > patienceMs) {
      const when = new Date(clock.now() + wait).toISOString();
      return unavailable(
        `Source ${name} cannot be read from ${place} now: ${reason} and asks to come again in ${formatDuration(wait)}, at ${when}.`,
      );
    }
    const tries = made === 1 ? '1 attempt' : `${made} attempts`;
    const what = `Source ${name} could not be read from ${place} in ${tries}: ${reason}.`;
    return unavailable(advice === undefined ? what : `${what} ${advice}`, failed);
  }

  async function requestOf(call: OpenOptions): Promise<AttemptOptions> {
    const { url = address.url, body, isPointedTo = false, signal, requestId } = call;
    const headers = {
      accept: 'application/json, application/x-ndjson',
      'user-agent': `utmql/${version}`,
      ...(address.authorization === undefined ? {} : { authorization: address.authorization }),
      ...(requestId === undefined ? {} : { 'x-request-id': requestId }),
      ...options.headers,
      ...(await options.authorize?.(call)),
      'accept-encoding': 'gzip',
    };
    const { classifyFailure } = options;
    const now = () => clock.now();
    const rules = { turn, now, show, credentials, classifyFailure };
    return { name, method, url, headers, body, reach, isPointedTo, timeoutMs, signal, ...rules };
  }

  /** Asks until there is an answer, or the rules say that it is enough. */
  async function ask<Body>(
    call: OpenOptions,
    attemptOnce: (request: AttemptOptions) => Promise<AttemptResult<Body>>,
  ): Promise<SourceResponse<Body>> {
    let request = await requestOf(call);
    let made = 0;
    let failures = 0;
    let waitedMs = 0;

    const attempt = async (): Promise<AttemptResult<Body>> => {
      made++;
      const startedAt = performance.now();
      const result = await attemptOnce(request);
      options.metrics?.onRequest(result.outcome, (performance.now() - startedAt) / 1_000);
      if (result.kind === 'failed') {
        last = result;
        if (!isThrottled(result)) failures++;
      }
      return result;
    };

    const maySucceedLater = (result: unknown): boolean => {
      if (!isFailed(result) || result.lasts || breaker.state() === 'open') return false;
      const { retryAfterMs = 0 } = result;
      return (
        failures < attempts &&
        (isThrottled(result) ? waitedMs + retryAfterMs < patienceMs : retryAfterMs <= patienceMs)
      );
    };
    const policy = retry(handleWhenResult(maySucceedLater), {
      maxAttempts: Number.POSITIVE_INFINITY,
      backoff: backoff(backoffMs),
    });
    policy.onRetry(({ attempt: retries, delay }) => {
      waitedMs += delay;
      call.logger.warn(
        { source: name, attempt: retries, delayMs: Math.round(delay), reason: last.reason },
        'source failed; will ask again',
      );
    });
    const execute = (): Promise<AttemptResult<Body>> => policy.execute(() => breaker.execute(attempt));
    let result = await execute();
    // A token may run out, or be withdrawn, in the middle of a feed: another one goes on where it stood.
    if (result.kind === 'refused' && result.status === 401 && options.reauthorize !== undefined) {
      options.reauthorize();
      request = await requestOf(call);
      result = await execute();
    }
    if (result.kind === 'refused') throw result.error;
    if (result.kind === 'failed') throw failure(result, show(request.url), made);
    return result.answer;
  }

  async function withCallErrors<Body>(
    call: OpenOptions,
    asking: Promise<SourceResponse<Body>>,
  ): Promise<SourceResponse<Body>> {
    const { signal } = call;
    try {
      // cockatiel's waits between attempts do not end with the signal.
      return await untilAborted(asking, signal);
    } catch (error) {
      if (signal.aborted) {
        options.metrics?.onRequest('cancelled', 0);
        throw cancelled(name, signal);
      }
      if (!isBrokenCircuit(error)) throw error;
      options.metrics?.onRequest('circuit_open', 0);
      const seconds = Math.ceil(breaker.openForMs() / 1_000);
      const failed = `Source ${name} failed ${rules.failures} times in a row (last: ${last.reason}) and is left alone`;
      throw last.lasts
        ? unavailable(`${failed}. ${last.advice ?? ''}`.trimEnd(), last)
        : unavailable(`${failed}; try again in ${seconds} s.`);
    }
  }

  return {
    name,
    async open(call) {
      const { headers, body } = await withCallErrors(call, ask(call, attemptRequest));
      const from = show(call.url ?? address.url);
      const contentEncoding = firstHeader(headers['content-encoding']);
      const { signal } = call;
      return {
        contentType: firstHeader(headers['content-type']),
        body: sourceBody({ name, body, signal, from, contentEncoding, idleMs: timeoutMs }),
      };
    },
    async page(call, maxBytes) {
      const answer = await withCallErrors(
        call,
        ask(call, (request) => attemptPage(request, maxBytes)),
      );
      return { ...answer, contentType: firstHeader(answer.headers['content-type']) };
    },
    state: () => breaker.state(),
  };
}
