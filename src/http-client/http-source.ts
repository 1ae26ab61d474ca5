import { handleWhenResult, retry } from 'cockatiel';
import pThrottle from 'p-throttle';
import { UtmqlError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { type Clock, cancelled, systemClock, untilAborted } from '../time.ts';
import { version } from '../version.ts';
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

/** A response whose body is streamed. It holds its connection until `body` is consumed or the signal aborts. */
interface StreamedResponse {
  /** Decompressed bytes. Throws UtmqlError if the body is truncated, stalls or cannot be decompressed. */
  readonly body: AsyncIterable<Uint8Array>;
  readonly contentType: string | undefined;
}

/** A complete response, decompressed. */
interface BufferedResponse extends SourceResponse<Buffer> {
  readonly contentType: string | undefined;
}

export interface OpenOptions {
  /** The address to request, which belongs to the source. Default: the configured address. */
  readonly url?: URL | undefined;
  readonly body?: string | undefined;
  /** True if `url` comes from a response of the source. */
  readonly isPointedTo?: boolean | undefined;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly requestId?: string | undefined;
}

/** A configured source of records, read over HTTP. */
export interface HttpSource {
  readonly name: string;
  /**
   * Requests the source, with retries if they can help, until it answers with a 2xx status.
   * @throws UtmqlError SOURCE_UNAVAILABLE (retryable), SOURCE_REFUSED, CANCELLED
   */
  open(options: OpenOptions): Promise<StreamedResponse>;
  /**
   * Like `open`, but until a response is complete and not an error by the platform's rules.
   * @throws UtmqlError also SOURCE_MALFORMED, for a response of more than `maxBytes` or one that cannot be decompressed
   */
  page(options: OpenOptions, maxBytes: number): Promise<BufferedResponse>;
  /** `open`: calls fail immediately. `half-open`: the next failure opens the circuit again. */
  state(): BreakerState;
}

/** How an attempt ended, as a metric label; also for calls that the open circuit refused or the caller cancelled. */
export type SourceOutcome = AttemptOutcome | 'circuit_open' | 'cancelled';

export interface HttpSourceOptions {
  readonly name: string;
  /** May contain credentials (sent as basic authorization) and parameters. Neither is ever shown. */
  readonly url: string;
  /** Default GET. */
  readonly method?: 'GET' | 'POST' | undefined;
  /** Headers of every request, with lower-case names. They override the default headers. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Returns headers that must be requested first, such as an expiring token. */
  readonly authorize?: ((call: OpenOptions) => Promise<Readonly<Record<string, string>>>) | undefined;
  /** Called if the source refuses the headers of `authorize` (401). The next call of `authorize` must return new ones. */
  readonly reauthorize?: (() => void) | undefined;
  /** Where the credentials are configured, in words that follow `check`. */
  readonly credentials?: string | undefined;
  /** Maximum wait for the headers, including the connection, and maximum silence within the body. */
  readonly timeoutMs: number;
  /** Maximum number of failed attempts; throttled attempts do not count. Default 4. */
  readonly attempts?: number | undefined;
  /**
   * Maximum total wait of one request for a source that throttles (429), and the longest Retry-After that is accepted. A longer
   * Retry-After fails the call: the scheduler can retry later, and the run does not occupy its slot meanwhile.
   */
  readonly patienceMs?: number | undefined;
  readonly backoffMs?: BackoffRules | undefined;
  /** Default: 5 failures open the circuit for 30 s, and 2 successes close it. */
  readonly breaker?: BreakerRules | undefined;
  /** Requests a second on average, and the maximum burst. Default 100 and 10. */
  readonly rateLimit?: { readonly perSecond: number; readonly burst: number } | undefined;
  readonly classifyFailure?: FailureClassifier | undefined;
  /** Returns the part of an address that may be shown. Default: origin and path. */
  readonly show?: ((url: URL) => string) | undefined;
  /** Returns a text of the source without the secrets of its settings, in whatever form it repeats them. Default: unchanged. */
  readonly hide?: ((text: string) => string) | undefined;
  /** Whether a public source may refer to a private address. Default: no. */
  readonly allowsPrivateAddresses?: boolean | undefined;
  readonly network?: Network | undefined;
  readonly clock?: Clock | undefined;
  readonly metrics?: { onRequest(outcome: SourceOutcome, seconds: number): void } | undefined;
}

/** Creates a source with its own connections, circuit breaker and rate limit, so that sources do not affect each other. */
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
    hide = (text) => text,
    clock = systemClock,
  } = options;
  const address = parseSourceAddress(name, options.url);
  const dispatchers = createSourceDispatchers({
    configured: address.url,
    timeoutMs,
    allowsPrivateAddresses: options.allowsPrivateAddresses ?? false,
    network: options.network ?? systemNetwork,
  });
  // A source that throttles works: an open circuit would wait longer than the source asks and only fail the run.
  const isBroken = (result: unknown): boolean => isFailed(result) && !isThrottled(result);
  const breaker = createCircuitBreaker(handleWhenResult(isBroken), rules);
  // p-throttle has no bursts: it counts calls in a window. Ten in any 100 ms (`strict` makes the window slide) means never more
  // than 10 at once and never more than 100 in a second. 100 in any 1000 ms would allow 100 at once.
  const window = { limit: rateLimit.burst, interval: (1_000 * rateLimit.burst) / rateLimit.perSecond };
  const turn = pThrottle({ ...window, strict: true })(async () => undefined);
  let last: FailureCause & Pick<FailedAttempt, 'said'> = { reason: '' };

  const unavailable = (
    message: string,
    { lasts, cause }: Pick<FailedAttempt, 'lasts' | 'cause'> = {},
  ): UtmqlError => new UtmqlError('SOURCE_UNAVAILABLE', message, { retryable: lasts !== true, cause });

  function failure(failed: FailedAttempt, place: string, made: number): UtmqlError {
    const { reason, said = '', retryAfterMs: wait = 0, advice } = failed;
    if (wait > patienceMs) {
      const when = new Date(clock.now() + wait).toISOString();
      return unavailable(
        `Source ${name} cannot be read from ${place} now: ${reason} and asks for a retry in ${formatDuration(wait)}, at ${when}${said}.`,
      );
    }
    const tries = made === 1 ? '1 attempt' : `${made} attempts`;
    const what = `Source ${name} could not be read from ${place} in ${tries}: ${reason}${said}.`;
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
    const rules = { turn, now, show, hide, credentials, classifyFailure };
    return { name, method, url, headers, body, dispatchers, isPointedTo, timeoutMs, signal, ...rules };
  }

  /** Makes attempts until one succeeds, is refused, or the rules allow no more. */
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
        {
          source: name,
          attempt: retries,
          delayMs: Math.round(delay),
          reason: `${last.reason}${last.said ?? ''}`,
        },
        'source failed; will ask again',
      );
    });
    const execute = (): Promise<AttemptResult<Body>> => policy.execute(() => breaker.execute(attempt));
    let result = await execute();
    // A token can expire or be revoked in the middle of a feed. The same request is made again with a new one.
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
      // The signal does not end cockatiel's waits between attempts.
      return await untilAborted(asking, signal);
    } catch (error) {
      if (signal.aborted) {
        options.metrics?.onRequest('cancelled', 0);
        throw cancelled(name, signal);
      }
      if (!isBrokenCircuit(error)) throw error;
      options.metrics?.onRequest('circuit_open', 0);
      const seconds = Math.ceil(breaker.openForMs() / 1_000);
      const failed = `Source ${name} failed ${rules.failures} times in a row (last: ${last.reason}${last.said ?? ''}) and is not called for now`;
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
