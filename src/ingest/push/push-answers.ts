import { z } from 'zod';
import { bind, sql } from '../../clickhouse/sql.ts';
import type { CallOptions, Columns, Store } from '../../clickhouse/store.ts';

/** A row of `push_answers`, as it is inserted. */
export type PushAnswerRow = {
  readonly workspace: string;
  readonly date: string;
  readonly idempotency_key: string;
  readonly content_hash: string;
  /** JSON. */
  readonly answer: string;
  readonly version: number;
};

export const pushAnswersTable = 'push_answers';
export const pushAnswerColumns: Columns = {
  workspace: 'String',
  date: 'Date',
  idempotency_key: 'String',
  content_hash: 'String',
  answer: 'String',
  version: 'UInt64',
};

/** @param now epoch milliseconds */
export const toPushAnswerRow = (
  workspace: string,
  key: string,
  contentHash: string,
  answer: unknown,
  now: number,
): PushAnswerRow => ({
  workspace,
  date: new Date(now).toISOString().slice(0, 10),
  idempotency_key: key,
  content_hash: contentHash,
  answer: JSON.stringify(answer),
  version: now * 1_000,
});

const storedAnswer = z.object({ content_hash: z.string(), answer: z.string() });

/** What a push with this key was answered, where one was. */
export async function findPushAnswer(
  store: Store,
  workspace: string,
  key: string,
  call: CallOptions,
): Promise<{ readonly hash: string; readonly answer: unknown } | undefined> {
  const [row] = await store.select(
    storedAnswer,
    sql`SELECT content_hash, answer FROM push_answers FINAL
        WHERE workspace = ${bind('String', workspace)} AND idempotency_key = ${bind('String', key)}
        ORDER BY version DESC LIMIT 1`,
    call,
  );
  return row === undefined ? undefined : { hash: row.content_hash, answer: JSON.parse(row.answer) };
}
