import { STATUS_CODES } from 'node:http';
import { handleWhenResult, retry } from 'cockatiel';
import { Agent, type Dispatcher, request } from 'undici';
import { UtmqlError } from '../errors.ts';
import { parseSourceAddress } from '../http-client/address.ts';
import { type BackoffRules, backoff, isFailed } from '../http-client/circuit-breaker.ts';
import { failureCause, formatDuration } from '../http-client/failure-reason.ts';
import { createRedactor, hidden } from '../http-client/redactor.ts';
import { type FailedAttempt, firstHeader, parseRetryAfter } from '../http-client/request.ts';
import { bodyExcerpt } from '../http-client/response-body.ts';
import { saidOf } from '../http-client/said.ts';
import type { Logger } from '../logger.ts';
import { type Clock, linkSignals, untilAborted } from '../time.ts';
import { version } from '../version.ts';
import { keyOfSecret, signedHeaders, type WebhookMessage } from './signature.ts';

/** So much of what a receiver says to its refusal is read, for so long. */
const maxSaid = { maxBytes: 65_536, withinMs: 5_000 };
/** Statuses below 500 that a repeat may mend: the receiver waited too long, or asks for it. */
const passing: ReadonlySet<number> = new Set([408, 425, 429]);

/** How an attempt ended, as a metric label. */
type WebhookOutcome = FailedAttempt['outcome'] | 'ok' | 'refused';

type Attempt =
  | { readonly kind: 'delivered'; readonly outcome: 'ok' }
  | { readonly kind: 'refused'; readonly outcome: 'refused'; readonly error: UtmqlError }
  | FailedAttempt;

interface SendCall {
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** In place of that of the sender. */
  readonly patienceMs?: number;
}

/** Posts messages to one address. */
export interface WebhookSender {
  /**
   * Resolves when the receiver has answered 2xx. Attempts that fail are repeated with exponential backoff, by its Retry-After if it
   * sends one, as long as `patienceMs` allows.
   *
   * @throws UtmqlError WEBHOOK_UNAVAILABLE (retryable) after the last attempt; WEBHOOK_REFUSED for a status that a repeat does not
   *   mend; the reason of the signal
   */
  send(message: WebhookMessage, call: SendCall): Promise<void>;
  /** Closes its connections. */
  close(): Promise<void>;
}

export interface WebhookSenderOptions {
  /** Of the receiver, in messages and as a metric label: `sink`. */
  readonly name: string;
  /** User name and password in it are sent as basic authorization. */
  readonly url: string;
  /** At least one, each of which `keyOfSecret` reads. The first signs `x-signature`. */
  readonly secrets: readonly string[];
  /** Maximum wait for the status of an attempt. */
  readonly timeoutMs: number;
  /** No attempt is made later than this after the first. */
  readonly patienceMs: number;
  readonly backoffMs: BackoffRules;
  readonly clock: Clock;
  readonly onRequest?: ((webhook: string, outcome: WebhookOutcome, seconds: number) => void) | undefined;
}

export function createWebhookSender(options: WebhookSenderOptions): WebhookSender {
  const { name, secrets, timeoutMs, backoffMs, clock } = options;
  const { url, authorization } = parseSourceAddress(name, options.url);
  const keys = secrets.flatMap((secret) => keyOfSecret(secret) ?? []);
  const agent = new Agent({ connect: { timeout: timeoutMs } });
  const redactor = createRedactor();
  for (const secret of secrets) redactor.add(secret, hidden);
  for (const part of url.pathname.split('/')) if (part.length >= 8) redactor.add(part, hidden);
  const hide = (text: string): string => redactor.redact(text);

  const attemptOnce = async (message: WebhookMessage, signal: AbortSignal): Promise<Attempt> => {
    const { body } = message;
    const headers = {
      'content-type': 'application/json',
      'user-agent': `utmql/${version}`,
      ...(authorization === undefined ? {} : { authorization }),
      ...signedHeaders(message, keys, Math.floor(clock.now() / 1_000)),
    };
    const late = new Error('no answer in time');
    const linked = linkSignals([signal]);
    const timer = setTimeout(() => linked.abort(late), timeoutMs);
    const timeouts = { headersTimeout: 0, bodyTimeout: 0 };
    try {
      const asked = request(url, {
        dispatcher: agent,
        method: 'POST',
        headers,
        body,
        signal: linked.signal,
        ...timeouts,
      });
      // undici ignores its signal until it is connected.
      const answer = await untilAborted(asked, linked.signal);
      clearTimeout(timer);
      const said = await readAnswer(answer, { headers, body, signal: linked.signal });
      signal.throwIfAborted();
      return judge(answer, said);
    } catch (error) {
      signal.throwIfAborted();
      return error === late
        ? { kind: 'failed', outcome: 'timeout', reason: `no answer within ${formatDuration(timeoutMs)}` }
        : { kind: 'failed', outcome: 'network_error', ...failureCause(error), cause: error };
    } finally {
      clearTimeout(timer);
      linked.unlink();
    }
  };

  /** Returns what a refusal says, as the end of a sentence. The connection is free after it, or closed. */
  const readAnswer = async (
    { statusCode, headers, body }: Dispatcher.ResponseData,
    sent: { headers: Record<string, string>; body: string; signal: AbortSignal },
  ): Promise<string> => {
    if (statusCode < 300) {
      // The status has said it: whatever becomes of the rest, the receiver has the message.
      body.on('error', () => undefined);
      await body
        .dump({ limit: maxSaid.maxBytes, signal: AbortSignal.timeout(maxSaid.withinMs) })
        .catch(() => body.destroy());
      return '';
    }
    const contentEncoding = firstHeader(headers['content-encoding']);
    const excerpt = await bodyExcerpt(
      { name, from: url.origin, body, contentEncoding, idleMs: timeoutMs, signal: sent.signal },
      { ...maxSaid, withinMs: Math.min(timeoutMs, maxSaid.withinMs) },
    );
    return saidOf(
      { url, headers: sent.headers, body: undefined, hide },
      excerpt.body,
      firstHeader(headers['content-type']),
    );
  };

  const judge = ({ statusCode, headers }: Dispatcher.ResponseData, said: string): Attempt => {
    if (statusCode >= 200 && statusCode < 300) return { kind: 'delivered', outcome: 'ok' };
    const answered = `answered ${statusCode} ${STATUS_CODES[statusCode] ?? ''}`.trimEnd();
    if (passing.has(statusCode) || statusCode >= 500)
      return {
        kind: 'failed',
        outcome: statusCode === 429 ? 'rate_limited' : 'server_error',
        reason: `it ${answered}`,
        said,
        retryAfterMs: parseRetryAfter(firstHeader(headers['retry-after']), clock.now()),
      };
    const advice =
      statusCode < 400
        ? 'Redirects are not followed; configure the address that takes the messages.'
        : `Check ${whatToCheck(statusCode)}.`;
    return {
      kind: 'refused',
      outcome: 'refused',
      error: new UtmqlError('WEBHOOK_REFUSED', `The ${name} at ${url.origin} ${answered}${said}. ${advice}`),
    };
  };

  const failure = (
    { reason, said = '', retryAfterMs = 0, advice, lasts, cause }: FailedAttempt,
    made: number,
  ): UtmqlError => {
    const tries = made === 1 ? '1 attempt' : `${made} attempts`;
    const asks = retryAfterMs > 0 ? ` and asks for a retry in ${formatDuration(retryAfterMs)}` : '';
    const what = `The ${name} at ${url.origin} did not take a message in ${tries}: ${reason}${asks}${said}.`;
    return new UtmqlError('WEBHOOK_UNAVAILABLE', advice === undefined ? what : `${what} ${advice}`, {
      retryable: lasts !== true,
      cause,
    });
  };

  return {
    async send(message, { signal, logger, patienceMs = options.patienceMs }) {
      const startedAt = performance.now();
      let made = 0;
      const attempt = async (): Promise<Attempt> => {
        signal.throwIfAborted();
        made += 1;
        const began = performance.now();
        const result = await attemptOnce(message, signal);
        options.onRequest?.(name, result.outcome, (performance.now() - began) / 1_000);
        return result;
      };
      const maySucceedLater = (result: unknown): boolean =>
        isFailed(result) &&
        result.lasts !== true &&
        performance.now() - startedAt + (result.retryAfterMs ?? 0) < patienceMs;
      const policy = retry(handleWhenResult(maySucceedLater), {
        maxAttempts: Number.POSITIVE_INFINITY,
        backoff: backoff(backoffMs),
      });
      policy.onRetry(({ attempt: retries, delay, ...failed }) => {
        const last = 'value' in failed && isFailed(failed.value) ? failed.value : undefined;
        logger.warn(
          {
            webhook: name,
            webhookId: message.id,
            attempt: retries,
            delayMs: Math.round(delay),
            reason: `${last?.reason ?? ''}${last?.said ?? ''}`,
          },
          'a message could not be delivered; it will be sent again',
        );
      });
      // The signal does not end cockatiel's waits between attempts.
      const result = await untilAborted(policy.execute(attempt), signal);
      if (result.kind === 'refused') throw result.error;
      if (result.kind === 'failed') throw failure(result, made);
    },
    close: () => agent.destroy(),
  };
}

/** Returns what to check for a status, in words that follow `check`. */
function whatToCheck(status: number): string {
  if (status === 401 || status === 403) return 'the secrets on both sides, and the clocks';
  if (status === 404 || status === 410) return 'the configured address';
  if (status === 413) return 'how large a message the receiver takes, and SINK_PAGE_ROWS';
  return 'what the receiver says to it';
}
