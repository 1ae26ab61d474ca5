import { originalOf, type RecordBatch } from '../../formats/feed/record-batch.ts';

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
      const records = map === undefined ? elements : elements.map(map);
      yield { ...batch, records, elements, originalAt: (index) => originalOf(batch, index) };
      continue;
    }
    const origins: number[] = [];
    const spreadElements: unknown[] = [];
    const records: unknown[] = [];
    elements.forEach((element, index) => {
      for (const record of spread(element, map === undefined ? element : map(element))) {
        origins.push(index);
        spreadElements.push(element);
        records.push(record);
      }
    });
    const behind = before + records.length + 1;
    yield {
      ...batch,
      elements: spreadElements,
      records,
      originalAt: (index) => originalOf(batch, origins[index] ?? -1),
      firstPosition: before + 1,
      malformed: malformed.map((broken, index) => ({ ...broken, position: behind + index })),
    };
    before += records.length + malformed.length;
  }
}

/** Records, and what each was made of. */
export interface MappedBatch extends Omit<RecordBatch, 'textAt'> {
  /** As long as `records`. */
  readonly elements: readonly unknown[];
  /** What came, to the letter, of which `records[index]` was made. */
  readonly originalAt: (index: number) => unknown;
}
