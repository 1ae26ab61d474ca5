import type { ResponseHeaders } from '@clickhouse/client';
import { foreignAnswer, toAnswerError } from './errors.ts';

interface Answered {
  readonly query_id: string;
  readonly response_headers: ResponseHeaders;
}

/**
 * Waits for an answer, and takes it only from ClickHouse: it names the query that was asked. A load balancer that answers 200
 * with a page of its own, or with nothing, does not.
 *
 * @param discard lets go of an answer that is not read
 * @throws UtmqlError STORE_UNAVAILABLE when something else answers; otherwise what the client throws
 */
export async function ownAnswer<T extends Answered>(
  asked: Promise<T>,
  discard: (answer: T) => void,
): Promise<T> {
  const answer = await asked.catch((error: unknown) => {
    throw toAnswerError(error);
  });
  if (answer.response_headers['x-clickhouse-query-id'] === answer.query_id) return answer;
  discard(answer);
  throw foreignAnswer('The answer names another query, or none.');
}

/**
 * Checks that ClickHouse says of an INSERT that it has written as many rows as were sent. It counts those too that it knows by
 * their token and leaves out; a materialized view adds its own.
 *
 * @throws UtmqlError STORE_UNAVAILABLE
 */
export function requireWritten(summary: { readonly written_rows?: string } | undefined, rows: number): void {
  const written = Number(summary?.written_rows ?? Number.NaN);
  if (written >= rows) return;
  throw foreignAnswer(`${summary?.written_rows ?? 'No'} written rows are confirmed, of ${rows}.`);
}
