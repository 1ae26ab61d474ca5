import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { bind, sql } from '../../clickhouse/sql.ts';
import type { CallOptions, Columns, Store } from '../../clickhouse/store.ts';
import { UtmqlError } from '../../errors.ts';

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
async function findPushAnswer(
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

/** How long the store is asked about a key; after that the push is taken for a new one. */
const lookUpMs = 2_000;
/** How long a push waits for what an earlier process had left in the buffer, where its key may be. */
const catchUpMs = 5_000;
const keptBytes = 16_777_216;
const keptMs = 2 * 86_400_000;

/** What a repeat is recognised by. */
interface IdempotencySlot {
  readonly workspace: string;
  readonly key: string;
}

/** Does a push once for each key, and answers its repeats. */
export interface Idempotency {
  /**
   * @param hashOf the hash of what is pushed; reads a body to its end
   * @param work does the push, and says whether its answer is to be given again
   * @throws UtmqlError CONFLICT while the first push with the key is at work; IDEMPOTENCY_KEY_REUSED when the key was used
   *   for something else
   */
  once<Answer extends object>(
    slot: IdempotencySlot,
    shape: z.ZodType<Answer>,
    hashOf: () => Promise<string>,
    work: () => Promise<{ readonly answer: Answer; readonly isFinal: boolean }>,
  ): Promise<{ readonly answer: Answer; readonly isReplayed: boolean }>;
}

interface Remembered {
  readonly hash: string;
  readonly answer: object;
}

/** @param options.caughtUp waits until the buffer holds nothing of an earlier process */
export function createIdempotency(options: {
  store: Store;
  caughtUp: (timeoutMs: number) => Promise<void>;
}): Idempotency {
  const { store, caughtUp } = options;
  const atWork = new Set<string>();
  const kept = new LRUCache<string, Remembered>({
    maxSize: keptBytes,
    sizeCalculation: ({ answer }, key) => JSON.stringify(answer).length + key.length + 200,
    ttl: keptMs,
  });

  const lookUp = async <Answer extends object>(
    { workspace, key }: IdempotencySlot,
    shape: z.ZodType<Answer>,
  ): Promise<Remembered | undefined> => {
    await caughtUp(catchUpMs);
    const ending = AbortSignal.timeout(lookUpMs);
    try {
      const found = await findPushAnswer(store, workspace, key, { signal: ending });
      if (found === undefined) return undefined;
      const answer = shape.safeParse(found.answer);
      // Of another shape: of a push of another kind, whose hash differs too.
      return { hash: found.hash, answer: answer.success ? answer.data : {} };
    } catch {
      // The store is away. Keys, versions and derived event ids make a repeat harmless.
      return undefined;
    }
  };

  return {
    async once(slot, shape, hashOf, work) {
      const name = JSON.stringify([slot.workspace, slot.key]);
      if (atWork.has(name)) {
        throw new UtmqlError(
          'CONFLICT',
          'A push with this idempotency key is at work. Send it again when that has been answered.',
          { retryable: true, retryAfterSeconds: 1 },
        );
      }
      atWork.add(name);
      try {
        const remembered = kept.get(name) ?? (await lookUp(slot, shape));
        if (remembered !== undefined) {
          if ((await hashOf()) !== remembered.hash) {
            throw new UtmqlError(
              'IDEMPOTENCY_KEY_REUSED',
              `The idempotency key ${JSON.stringify(slot.key)} was used for another push; use a new key for this one.`,
            );
          }
          kept.set(name, remembered);
          return { answer: shape.parse(remembered.answer), isReplayed: true };
        }
        const { answer, isFinal } = await work();
        if (isFinal) kept.set(name, { hash: await hashOf(), answer });
        return { answer, isReplayed: false };
      } finally {
        atWork.delete(name);
      }
    },
  };
}
