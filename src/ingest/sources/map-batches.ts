import type { RecordBatch } from '../json/record-batches.ts';

/**
 * The elements of batches as records. Where a row becomes several records, positions count these, since each needs one of its
 * own.
 */
export async function* mapBatches(
  batches: AsyncIterable<RecordBatch>,
  map: ((element: unknown) => unknown) | undefined,
  spread: ((element: unknown, record: unknown) => readonly unknown[]) | undefined,
): AsyncGenerator<RecordBatch> {
  let before = 0;
  for await (const batch of batches) {
    const { records: elements, malformed } = batch;
    if (spread === undefined) {
      yield map === undefined ? batch : { ...batch, records: elements.map(map) };
      continue;
    }
    const records = elements.flatMap((element) =>
      spread(element, map === undefined ? element : map(element)),
    );
    const behind = before + records.length + 1;
    yield {
      ...batch,
      records,
      firstPosition: before + 1,
      malformed: malformed.map((broken, index) => ({ ...broken, position: behind + index })),
    };
    before += records.length + malformed.length;
  }
}
