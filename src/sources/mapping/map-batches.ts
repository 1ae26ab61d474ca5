import { originalOf, type RecordBatch } from '../../formats/feed/record-batch.ts';

/**
 * Maps the elements of batches to records. If a row becomes several records, positions count records, so that each has its own.
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

/** Records with the elements they were mapped from. */
export interface MappedBatch extends Omit<RecordBatch, 'textAt'> {
  /** `elements[i]` is the element of `records[i]`. */
  readonly elements: readonly unknown[];
  /** Returns the received JSON text of `records[index]`, else its element. */
  readonly originalAt: (index: number) => unknown;
}
