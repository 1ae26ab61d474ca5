import { toUtmqlError, type UtmqlError } from '../../errors.ts';
import type { RecordBatch } from '../json/record-batches.ts';
import { smallPush } from './small-push.ts';

/** Reads until the content has ended or is too much for a small push; `rest` is undefined once it has ended. */
export async function readHead(batches: AsyncIterable<RecordBatch>): Promise<{
  head: readonly RecordBatch[];
  rest: AsyncIterator<RecordBatch> | undefined;
  failure: UtmqlError | undefined;
}> {
  const head: RecordBatch[] = [];
  const rest = batches[Symbol.asyncIterator]();
  let records = 0;
  let bytes = 0;
  while (records <= smallPush.records && bytes <= smallPush.bytes) {
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
