import { toUtmqlError, type UtmqlError } from '../../errors.ts';
import { untilAborted } from '../http/cancellation.ts';
import type { RecordBatch } from '../json/record-batches.ts';

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
