import { LRUCache } from 'lru-cache';
import type { Clock } from '../time.ts';
import type { Coding } from './compression/accept-encoding.ts';
import { createCompressedCopies } from './compression/compressed-copies.ts';

/** A finished answer to a query, as it goes over the wire. */
export interface CachedAnswer {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: Buffer;
  /** Seconds until it is worth asking again, where it has errors that pass. */
  readonly retryAfter?: number | undefined;
  /** Strong: of the body. */
  readonly etag: string;
  /** Whether it may be given again. Answers with errors may not. */
  readonly reusable: boolean;
}

/** Where an answer came from: kept, made for this caller, or shared with others who asked at the same time. */
export type AnswerSource = 'hit' | 'miss' | 'collapsed';

/**
 * Keeps answers and runs equal queries once.
 *
 * The key must hold everything that the answer depends on, the caller and the version of the data included: the cache
 * itself forgets only by age and space.
 */
export interface ResponseCache {
  get(key: string): CachedAnswer | undefined;
  /** The body of an answer in a coding. It is kept, too. */
  compressed(answer: Pick<CachedAnswer, 'body' | 'etag'>, coding: Coding): Promise<Buffer>;
  /**
   * The answer to `key`: made by `make`, or by the call that is at work on it. A caller who leaves does not disturb
   * the others; when all have left, `make`'s signal is aborted.
   */
  share(
    key: string,
    left: AbortSignal,
    make: (signal: AbortSignal) => Promise<CachedAnswer>,
  ): { answer: Promise<CachedAnswer>; source: AnswerSource };
}

interface Flight {
  readonly answer: Promise<CachedAnswer>;
  readonly controller: AbortController;
  waiting: number;
}

/** Of `maxBytes`, a quarter is for the answers in their codings: each takes about a sixth of its answer. */
export function createResponseCache(options: {
  ttlMs: number;
  maxBytes: number;
  clock: Clock;
}): ResponseCache {
  const { ttlMs, maxBytes, clock } = options;
  const copyBytes = Math.ceil(maxBytes / 4);
  const copies = createCompressedCopies({ ttlMs, maxBytes: copyBytes, clock });
  const kept = new LRUCache<string, CachedAnswer>({
    maxSize: maxBytes - copyBytes,
    // One answer must not push out all others.
    maxEntrySize: Math.ceil(maxBytes / 8),
    sizeCalculation: ({ body }, key) => body.length + 2 * key.length + 500,
    ttl: Math.max(ttlMs, 1),
    perf: { now: () => clock.now() },
  });
  const flights = new Map<string, Flight>();
  let purgedAt = clock.now();
  /** What has become too old, or is of data that has changed since, would otherwise stay until its space is needed. */
  const purge = (): void => {
    if (clock.now() - purgedAt < ttlMs) return;
    purgedAt = clock.now();
    kept.purgeStale();
  };

  const start = (key: string, make: (signal: AbortSignal) => Promise<CachedAnswer>): Flight => {
    const controller = new AbortController();
    const answer = make(controller.signal)
      .then((made) => {
        if (made.reusable && ttlMs > 0) {
          kept.set(key, made);
          purge();
        }
        return made;
      })
      .finally(() => {
        if (flights.get(key) === flight) flights.delete(key);
      });
    const flight: Flight = { answer, controller, waiting: 0 };
    flights.set(key, flight);
    return flight;
  };

  return {
    get: (key) => kept.get(key),
    compressed: ({ body, etag }, coding) => copies.of(etag, body, coding),
    share(key, left, make) {
      const atWork = flights.get(key);
      const flight = atWork ?? start(key, make);
      flight.waiting += 1;
      left.addEventListener(
        'abort',
        () => {
          flight.waiting -= 1;
          if (flight.waiting > 0) return;
          if (flights.get(key) === flight) flights.delete(key);
          flight.controller.abort();
        },
        { once: true },
      );
      return { answer: flight.answer, source: atWork ? 'collapsed' : 'miss' };
    },
  };
}
