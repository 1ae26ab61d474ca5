import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { toUtmqlError, UtmqlError } from '../../errors.ts';
import type { RecordBatch } from '../../formats/feed/record-batch.ts';
import { type BodyFormat, readRecords } from '../../formats/read-records.ts';
import { toUtf8 } from '../../formats/to-utf8.ts';
import { loopTurn } from '../../loop-turns.ts';
import { contracts, type RecordKind } from '../../records/contract.ts';
import { untilAborted } from '../../time.ts';
import type { PushCall } from './intake.ts';
import type { PushReading } from './push-reading.ts';

/** What is pushed: read once, and hashed on the way. */
export interface PushContent {
  /** @throws UtmqlError UNREADABLE_BODY after all whole records that came before; whatever the body throws */
  readonly batches: AsyncIterable<RecordBatch>;
  /** SHA-256 of the kind and the content, hex; reads a body to its end. */
  hash(): Promise<string>;
  /** Others wait for it from now on: a sender who is slow is not waited for as long. */
  hurry(): void;
  /** Lets go of a body that is not read on. */
  release(): Promise<void>;
}

/**
 * A body of JSON, NDJSON or CSV, decompressed.
 *
 * @param options.format undefined: its first byte tells
 */
export function bodyContent(
  kind: RecordKind,
  body: AsyncIterable<Uint8Array>,
  options: {
    readonly format: BodyFormat | undefined;
    readonly reading?: PushReading | undefined;
    readonly hurry: () => void;
  },
): PushContent {
  const { format, reading, hurry } = options;
  const hash = createHash('sha256').update(`${kind}\n`);
  const bytes = body[Symbol.asyncIterator]();
  const hashed: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const step = await bytes.next();
        if (step.done !== true) hash.update(step.value);
        return step;
      },
      // Not passed on: `hash` reads what a reader left unread, and `release` lets go of it.
      return: async () => ({ done: true, value: undefined }),
    }),
  };
  let digest: Promise<string> | undefined;
  const readRest = async (): Promise<string> => {
    for await (const _chunk of hashed);
    return hash.digest('hex');
  };
  return {
    batches: asUnreadable(
      readRecords(reading?.encoding === undefined ? hashed : toUtf8(hashed, reading.encoding), {
        format,
        envelope: reading?.records ?? contracts[kind].envelope,
        csv: reading?.csv,
      }),
    ),
    hash: () => {
      digest ??= readRest();
      return digest;
    },
    hurry,
    async release() {
      const released = bytes.return?.().catch(() => undefined);
      // With a read pending, of a sender who has fallen silent, this would take as long as they like.
      await Promise.race([released, setImmediate()]);
    },
  };
}

/** Records that are read in one piece; others have their turn after it. */
const sliceRecords = 500;

/**
 * Records that came as values already, all at once. They are made and handed on a slice at a time: a hundred thousand in one
 * piece would keep everybody else waiting.
 *
 * @param toRecord makes what is pushed of each; is called anew for each reader
 */
export function recordsContent<Given>(
  kind: RecordKind,
  given: readonly Given[],
  toRecord: (given: Given) => unknown,
): PushContent {
  /** Each slice with its JSON, without the brackets of the list. */
  async function* slices(): AsyncGenerator<{ from: number; records: unknown[]; text: string }> {
    for (let from = 0; from < given.length; from += sliceRecords) {
      if (from > 0) await loopTurn();
      const records = given.slice(from, from + sliceRecords).map(toRecord);
      yield { from, records, text: JSON.stringify(records).slice(1, -1) };
    }
  }
  return {
    batches: (async function* () {
      for await (const { from, records, text } of slices())
        yield { records, firstPosition: from + 1, malformed: [], bytes: Buffer.byteLength(text) + 1 };
    })(),
    async hash() {
      const hash = createHash('sha256').update(`${kind}\n[`);
      for await (const { from, text } of slices()) hash.update(from === 0 ? text : `,${text}`);
      return hash.update(']').digest('hex');
    },
    hurry: () => undefined,
    release: async () => undefined,
  };
}

/** The same records pushed into another namespace, or read in another way, are another push. */
export function namedContent(
  content: PushContent,
  { namespace, reading }: Pick<PushCall, 'namespace' | 'reading'>,
): PushContent {
  const names = [namespace, reading?.fingerprint].filter((name) => name !== undefined);
  if (names.length === 0) return content;
  return {
    ...content,
    hash: async () =>
      createHash('sha256')
        .update(`${names.join('\n')}\n${await content.hash()}`)
        .digest('hex'),
  };
}

async function* asUnreadable(batches: AsyncIterable<RecordBatch>): AsyncGenerator<RecordBatch> {
  try {
    yield* batches;
  } catch (error) {
    if (error instanceof UtmqlError && error.code === 'SOURCE_MALFORMED') {
      throw new UtmqlError('UNREADABLE_BODY', error.message, { cause: error });
    }
    throw error;
  }
}

/** Reads until the content has ended or is more than that; `rest` is undefined once it has ended. */
export async function readHead(
  batches: AsyncIterable<RecordBatch>,
  most: { readonly records: number; readonly bytes: number },
): Promise<{
  head: readonly RecordBatch[];
  rest: AsyncIterator<RecordBatch> | undefined;
  failure: UtmqlError | undefined;
}> {
  const head: RecordBatch[] = [];
  const rest = batches[Symbol.asyncIterator]();
  let records = 0;
  let bytes = 0;
  while (records <= most.records && bytes <= most.bytes) {
    try {
      const step = await rest.next();
      if (step.done === true) return { head, rest: undefined, failure: undefined };
      head.push(step.value);
      records += step.value.records.length + step.value.malformed.length;
      bytes += step.value.bytes;
    } catch (error) {
      const failure = toUtmqlError(error, 'The push failed for a reason that has been logged.');
      return { head, rest: undefined, failure };
    }
  }
  return { head, rest, failure: undefined };
}

/** The whole of it again. */
export async function* chain(
  head: readonly RecordBatch[],
  rest: AsyncIterator<RecordBatch>,
): AsyncGenerator<RecordBatch> {
  yield* head;
  for (;;) {
    const step = await rest.next();
    if (step.done === true) return;
    yield step.value;
  }
}

/** The content as it comes until `stopping` aborts; then its reason is thrown, also where its sender has fallen silent. */
export async function* untilStopped(
  batches: AsyncIterable<RecordBatch>,
  stopping: AbortSignal,
): AsyncGenerator<RecordBatch> {
  const iterator = batches[Symbol.asyncIterator]();
  try {
    for (;;) {
      stopping.throwIfAborted();
      const step = await untilAborted(iterator.next(), stopping);
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    // Not waited for: a read may be pending.
    void iterator.return?.().catch(() => undefined);
  }
}
