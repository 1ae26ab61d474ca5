import type { MappedBatch } from '../../sources/mapping/map-batches.ts';
import type { PageBody } from '../../sources/pagination/page.ts';

/**
 * The batches of pages in their order. Their positions count through all pages.
 *
 * @param recordsOf the reader of one run
 */
export async function* readPages(
  pages: AsyncIterable<PageBody>,
  recordsOf: (page: PageBody) => AsyncIterable<MappedBatch>,
): AsyncGenerator<MappedBatch> {
  let last = 0;
  for await (const page of pages) {
    const before = last;
    for await (const batch of recordsOf(page)) {
      const malformed = batch.malformed.map((broken) => ({ ...broken, position: before + broken.position }));
      const firstPosition = before + batch.firstPosition;
      yield { ...batch, firstPosition, malformed };
      for (const { position } of malformed) last = Math.max(last, position);
      if (batch.records.length > 0) last = Math.max(last, firstPosition + batch.records.length - 1);
    }
  }
}
