import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import type { Program } from './program.ts';

/** Days on which events happen: the five before today, so that no retention reaches them. */
const eventDays = 5;

/** What is known of one event: whether a 2xx was heard for it. */
export interface EventLedger {
  /** Events are numbered from 0; so many have been sent at least once. */
  readonly made: number;
  isAcknowledged(event: number): boolean;
  readonly acknowledged: number;
}

/** Single events by `POST /events`, at a steady rate. */
export interface EventLoad extends EventLedger {
  /** Requests by what came of them: a status, or `broken` where the connection broke or no answer came in time. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Answers of 429 and 503 without a Retry-After. */
  readonly withoutRetryAfter: number;
  /** Answers of 2xx that named another event_id than the one sent. */
  readonly wrongAnswers: number;
  /** Longest that an answer took, by status, milliseconds. */
  readonly slowest: ReadonlyMap<string, number>;
  /** Makes no more events and waits for those on their way. */
  stop(): Promise<void>;
  /** Sends what was never acknowledged until all is, or `withinMs` have passed. */
  settle(withinMs: number): Promise<void>;
}

const tickMs = 5;
const maxInFlight = 256;
const pauseAfterFailureMs = 20;

/**
 * @param options.resend whether what was refused or broke off is sent again, with the same event_id; else it is given up
 */
export function startEventLoad(options: {
  program: Program;
  perSecond: number;
  resend: boolean;
  answerWithinMs: number;
  /** Ends the load at once. */
  ended: AbortSignal;
  /** Beside the content type. */
  headers?: Readonly<Record<string, string>>;
}): EventLoad {
  const { program, perSecond, resend, answerWithinMs, ended } = options;
  const today = Math.floor(Date.now() / 86_400_000);
  let states = new Uint8Array(1 << 20);
  const waiting: number[] = [];
  const outcomes = new Map<string, number>();
  const slowest = new Map<string, number>();
  let made = 0;
  let acknowledged = 0;
  let withoutRetryAfter = 0;
  let wrongAnswers = 0;
  let inFlight = 0;
  let pool: { readonly url: string; readonly requests: Pool } | undefined;

  const poolOf = (url: string): Pool => {
    if (pool?.url !== url) {
      void pool?.requests.destroy().catch(() => undefined);
      pool = { url, requests: new Pool(url, { connections: 64 }) };
    }
    return pool.requests;
  };
  const acknowledge = (event: number): void => {
    if (states[event] === 1) return;
    states[event] = 1;
    acknowledged += 1;
  };
  const make = (): number => {
    if (made === states.length) {
      const grown = new Uint8Array(states.length * 2);
      grown.set(states);
      states = grown;
    }
    made += 1;
    return made - 1;
  };

  const post = async (event: number): Promise<boolean> => {
    const started = performance.now();
    let outcome = 'broken';
    try {
      const { statusCode, headers, body } = await poolOf(program.url).request({
        path: '/events',
        method: 'POST',
        headers: { ...options.headers, 'content-type': 'application/json' },
        body: eventBody(event, today),
        signal: AbortSignal.timeout(answerWithinMs),
      });
      const text = await body.text();
      outcome = String(statusCode);
      if (statusCode >= 200 && statusCode < 300) {
        if (!text.includes(`"event_id":"${eventId(event)}"`)) wrongAnswers += 1;
        acknowledge(event);
        return true;
      }
      if ((statusCode === 429 || statusCode === 503) && headers['retry-after'] === undefined)
        withoutRetryAfter += 1;
      return false;
    } catch {
      return false;
    } finally {
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      slowest.set(outcome, Math.max(slowest.get(outcome) ?? 0, performance.now() - started));
    }
  };
  const send = async (event: number): Promise<void> => {
    inFlight += 1;
    const stored = await post(event);
    if (!stored && resend) {
      await delay(pauseAfterFailureMs);
      waiting.push(event);
    }
    inFlight -= 1;
  };

  const startedAt = performance.now();
  let offered = 0;
  const timer = setInterval(() => {
    if (program.url === '') return;
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * perSecond) - offered;
    // What could not be offered because the program was away is not made up for: the rate stays steady.
    const room = Math.min(due, maxInFlight - inFlight, Math.ceil((perSecond * tickMs * 4) / 1_000));
    offered += due;
    for (let index = 0; index < room; index++) void send(waiting.pop() ?? make());
  }, tickMs);
  const end = (): void => {
    clearInterval(timer);
    void pool?.requests.destroy().catch(() => undefined);
  };
  ended.addEventListener('abort', end, { once: true });

  return {
    get made() {
      return made;
    },
    get acknowledged() {
      return acknowledged;
    },
    isAcknowledged: (event) => states[event] === 1,
    outcomes,
    slowest,
    get withoutRetryAfter() {
      return withoutRetryAfter;
    },
    get wrongAnswers() {
      return wrongAnswers;
    },
    async stop() {
      clearInterval(timer);
      while (inFlight > 0) await delay(10);
    },
    async settle(withinMs) {
      const deadline = performance.now() + withinMs;
      while ((waiting.length > 0 || inFlight > 0) && performance.now() < deadline) {
        if (program.url !== '')
          for (const event of waiting.splice(0, maxInFlight - inFlight)) void send(event);
        await delay(10);
      }
    },
  };
}

export const eventId = (event: number): string => `e-${event}`;

/** The whole of an event follows from its number, so that what is stored can be checked field by field. */
function eventBody(event: number, today: number): string {
  const day = new Date((today - 1 - (event % eventDays)) * 86_400_000).toISOString().slice(0, 10);
  return `{"event_id":"${eventId(event)}","timestamp":"${day}T12:00:00Z","service":"svc-${event % 7}","message":"event ${event} 🌍","metadata":{"n":${event}},"utm_source":"google"}`;
}
