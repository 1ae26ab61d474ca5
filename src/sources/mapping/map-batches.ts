import type { RecordBatch } from '../../formats/feed/record-batch.ts';

/**
 * The elements of batches as records. Where a row becomes several records, positions count these, since each needs one of its
 * own.
 */
export async function* mapBatches(
  batches: AsyncIterable<RecordBatch>,
  map: ((element: unknown) => unknown) | undefined,
  spread: ((element: unknown, record: unknown) => readonly unknown[]) | undefined,
): AsyncGenerator<MappedBatch> {
  let before = 0;
  for await (const batch of batches) {
    const { records: elements, malformed } = batch;
    if (spread === undefined) {
      yield { ...batch, elements, records: map === undefined ? elements : elements.map(map) };
      continue;
    }
    const spreadElements: unknown[] = [];
    const records: unknown[] = [];
    for (const element of elements) {
      for (const record of spread(element, map === undefined ? element : map(element))) {
        spreadElements.push(element);
        records.push(record);
      }
    }
    const behind = before + records.length + 1;
    yield {
      ...batch,
      elements: spreadElements,
      records,
      firstPosition: before + 1,
      malformed: malformed.map((broken, index) => ({ ...broken, position: behind + index })),
    };
    before += records.length + malformed.length;
  }
}

/** Records, and what each was made of. */
export interface MappedBatch extends RecordBatch {
  /** As long as `records`. */
  readonly elements: readonly unknown[];
}
