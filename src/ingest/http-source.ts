import { createRequire } from 'node:module';
import {
  DelegateBackoff,
  ExponentialBackoff,
  handleWhenResult,
  type IBackoff,
  type IRetryBackoffContext,
  retry,
} from 'cockatiel';
import pThrottle from 'p-throttle';
import { Agent } from 'undici';
import { type Clock, systemClock } from '../clock.ts';
import { UtmqlError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { cancelled, untilAborted } from './http/cancellation.ts';
import { inWords } from './http/failure-reason.ts';
import { parseSourceAddress, shown, withParameters } from './http/source-address.ts';
import { sourceBody } from './http/source-body.ts';
import {
  type BreakerRules,
  type BreakerState,
  createSourceBreaker,
  isBrokenCircuit,
} from './http/source-breaker.ts';
import { type Attempt, type AttemptOutcome, attemptRequest, single } from './http/source-request.ts';

type Answered = Extract<Attempt, { kind: 'answered' }>;
type Failed = Extract<Attempt, { kind: 'failed' }>;

/** A longer Retry-After fails the call: a scheduler can come again then, a waiting run holds its place for nothing. */
const MAX_RETRY_AFTER_MS = 60_000;

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** What a source answered: iterate `body`, or abort the signal; until then the connection is held. */
export interface SourceAnswer {
  /** Decompressed bytes. Throws UtmqlError when the answer breaks off, stalls or cannot be decompressed. */
  readonly body: AsyncIterable<Uint8Array>;
  readonly contentType: string | undefined;
}

export interface OpenOptions {
  /** First day wanted, `YYYY-MM-DD`; sent as a parameter that the source may heed or not. */
  readonly since?: string | undefined;
  /** Last day wanted, likewise. */
  readonly until?: string | undefined;
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
  open(options: OpenOptions): Promise<SourceAnswer>;
  /** `open`: calls fail at once. `half-open`: the next failure opens the circuit again. */
  state(): BreakerState;
}

/** How a call ended, for metrics: each attempt, and each call that the open circuit or the caller ended. */
export type SourceOutcome = AttemptOutcome | 'circuit_open' | 'cancelled';

export interface HttpSourceOptions {
  readonly name: string;
  /** May hold credentials (sent as basic authorization) and parameters; neither is ever shown. */
  readonly url: string;
  /** Longest wait for the headers, connecting included, and longest silence within the body. */
  readonly timeoutMs: number;
  /** Attempts in all. Default 4. */
  readonly attempts?: number;
  readonly backoffMs?: { readonly initial: number; readonly max: number };
  /** Default: 5 failures open the circuit for 30 s, 2 successes close it. */
  readonly breaker?: BreakerRules;
  readonly clock?: Clock;
  readonly metrics?: { onRequest(outcome: SourceOutcome, seconds: number): void };
}

/** Makes a source with its own connections, circuit breaker and rate limit, so that no other source suffers from it. */
export function createHttpSource(options: HttpSourceOptions): HttpSource {
  const {
    name,
    timeoutMs,
    attempts = 4,
    backoffMs = { initial: 500, max: 10_000 },
    clock = systemClock,
  } = options;
  const rules = options.breaker ?? { failures: 5, openMs: 30_000, successes: 2 };
  const address = parseSourceAddress(name, options.url);
  const place = shown(address.url);
  const dispatcher = new Agent({ connect: { timeout: timeoutMs } });
  const breaker = createSourceBreaker(handleWhenResult(isFailed), rules);
  // p-throttle counts calls in a window and knows no bursts. Ten in any 100 ms (`strict` lets the window slide) is both: never
  // more than 10 at once, never more than 100 in a second. 100 in any 1000 ms would let 100 go at once.
  const turn = pThrottle({ limit: 10, interval: 100, strict: true })(async () => undefined);
  let lastReason = '';

  const unavailable = (message: string, cause?: unknown): UtmqlError =>
    new UtmqlError('SOURCE_UNAVAILABLE', message, { retryable: true, cause });

  function failure(failed: Failed, made: number): UtmqlError {
    const { reason, retryAfterMs } = failed;
    const wait = retryAfterMs ?? 0;
    if (wait > MAX_RETRY_AFTER_MS) {
      const when = new Date(clock.now() + wait).toISOString();
      return unavailable(
        `Source ${name} cannot be read from ${place} now: ${reason} and asks to come again in ${inWords(wait)}, at ${when}.`,
      );
    }
    const tries = made === 1 ? '1 attempt' : `${made} attempts`;
    return unavailable(
      `Source ${name} could not be read from ${place} in ${tries}: ${reason}.`,
      failed.cause,
    );
  }

  async function ask({
    since,
    until,
    signal,
    logger,
    requestId,
  }: OpenOptions): Promise<Answered['response']> {
    const url = withParameters(address.url, { since, until });
    const headers = {
      accept: 'application/json, application/x-ndjson',
      'accept-encoding': 'gzip',
      'user-agent': `utmql/${version}`,
      ...(address.authorization === undefined ? {} : { authorization: address.authorization }),
      ...(requestId === undefined ? {} : { 'x-request-id': requestId }),
    };
    let made = 0;

    const attempt = async (): Promise<Attempt> => {
      made++;
      const startedAt = performance.now();
      const result = await attemptRequest({
        name,
        url,
        headers,
        dispatcher,
        timeoutMs,
        signal,
        turn,
        now: () => clock.now(),
      });
      options.metrics?.onRequest(result.outcome, (performance.now() - startedAt) / 1_000);
      if (result.kind === 'failed') lastReason = result.reason;
      return result;
    };

    const policy = retry(
      handleWhenResult((result) => isFailed(result) && mayComeAgain(result) && breaker.state() !== 'open'),
      { maxAttempts: attempts - 1, backoff: backoff(backoffMs) },
    );
    policy.onRetry(({ attempt: retries, delay }) => {
      logger.warn(
        { source: name, attempt: retries, delayMs: Math.round(delay), reason: lastReason },
        'source failed; will ask again',
      );
    });
    const result = await policy.execute(() => breaker.execute(attempt));
    if (result.kind === 'refused') throw result.error;
    if (result.kind === 'failed') throw failure(result, made);
    return result.response;
  }

  async function open(call: OpenOptions): Promise<SourceAnswer> {
    const { signal } = call;
    try {
      // cockatiel's waits between attempts do not end with the signal.
      const { headers, body } = await untilAborted(ask(call), signal);
      return {
        contentType: single(headers['content-type']),
        body: sourceBody({
          name,
          body,
          signal,
          from: place,
          contentEncoding: single(headers['content-encoding']),
          idleMs: timeoutMs,
        }),
      };
    } catch (error) {
      if (signal.aborted) {
        options.metrics?.onRequest('cancelled', 0);
        throw cancelled(name, signal);
      }
      if (!isBrokenCircuit(error)) throw error;
      options.metrics?.onRequest('circuit_open', 0);
      const seconds = Math.ceil(breaker.openForMs() / 1_000);
      throw unavailable(
        `Source ${name} failed ${rules.failures} times in a row (last: ${lastReason}) and is left alone; try again in ${seconds} s.`,
      );
    }
  }

  return { name, open, state: () => breaker.state() };
}

const isFailed = (result: unknown): result is Failed =>
  typeof result === 'object' && result !== null && 'kind' in result && result.kind === 'failed';

const mayComeAgain = ({ retryAfterMs = 0 }: Failed): boolean => retryAfterMs <= MAX_RETRY_AFTER_MS;

/** Exponential with decorrelated jitter, and never shorter than the source asked for. */
const backoff = ({ initial, max }: { initial: number; max: number }) =>
  new DelegateBackoff(({ result }: IRetryBackoffContext<unknown>, before?: IBackoff<unknown>) => {
    const step =
      before?.next(undefined) ?? new ExponentialBackoff({ initialDelay: initial, maxDelay: max }).next();
    const asked = 'value' in result && isFailed(result.value) ? (result.value.retryAfterMs ?? 0) : 0;
    return { delay: Math.max(asked, step.duration), state: step };
  });
