import { z } from 'zod';
import { isDenied, isUnknown } from '../../clickhouse/errors.ts';
import { bind, sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import { UtmqlError } from '../../errors.ts';
import { parseQuestion, type Question, questionPattern } from '../../metrics/rollups/question.ts';

/** What the log of queries has of one question. */
export interface AskedQuestion {
  readonly question: Question;
  readonly times: number;
  /** By all of them. */
  readonly rowsRead: number;
  /** How often it took so many milliseconds. */
  readonly durations: ReadonlyMap<number, number>;
  /** Of the first of them; epoch milliseconds. */
  readonly firstAtMs: number;
}

const row = z.object({
  question: z.string(),
  times: z.number(),
  rows_read: z.number(),
  durations: z.tuple([z.array(z.number()), z.array(z.number())]),
  first_at: z.number(),
});

/**
 * Reads what `metrics` was asked in the last days, of the store's database and by all processes.
 *
 * @param user to be named where it may not read the log
 * @throws UtmqlError CONFIGURATION with a sentence for the operator
 */
export async function readQuestions(
  store: Store,
  { days, user }: { days: number; user: string },
): Promise<readonly AskedQuestion[]> {
  const rows = await store
    .select(
      row,
      sql`
        WITH now() - toIntervalDay(${bind('UInt64', days)}) AS since
        SELECT extract(query, ${bind('String', questionPattern)}) AS question,
               count() AS times,
               sum(read_rows) AS rows_read,
               sumMap([query_duration_ms], [toUInt64(1)]) AS durations,
               toUnixTimestamp(min(event_time)) AS first_at
        FROM ${store.layout.system('query_log')}
        WHERE event_date >= toDate(since) AND event_time >= since
          AND type = 'QueryFinish' AND is_initial_query AND current_database = ${bind('String', store.database)}
          AND startsWith(query, ${bind('String', "WITH 'metrics of ")})
        GROUP BY question
        ORDER BY question`,
    )
    .catch((error: unknown) => {
      throw explained(error, user, store.database);
    });
  return rows.flatMap(({ question: text, times, rows_read: rowsRead, durations, first_at: firstAt }) => {
    const question = parseQuestion(text);
    if (question === undefined) return [];
    const [ms, counts] = durations;
    return {
      question,
      times,
      rowsRead,
      durations: new Map(ms.map((each, index) => [each, counts[index] ?? 0])),
      firstAtMs: firstAt * 1_000,
    };
  });
}

function explained(error: unknown, user: string, database: string): unknown {
  const wrong = (message: string) => new UtmqlError('CONFIGURATION', message, { cause: error });
  if (isDenied(error))
    return wrong(
      `The ClickHouse user ${JSON.stringify(user)} may not read the log of queries. As an administrator: GRANT SELECT ON system.query_log TO ${user}; for a user of a file, add <query>GRANT SELECT ON system.query_log</query> to its <grants>.`,
    );
  if (isUnknown('TABLE', error))
    return wrong(
      'ClickHouse has no table system.query_log. It makes it some seconds after the first query, unless <query_log> is removed from its configuration.',
    );
  if (isUnknown('DATABASE', error))
    return wrong(
      `There is no database ${database} yet. Start utmql, and run this when dashboards have asked something.`,
    );
  return error;
}
