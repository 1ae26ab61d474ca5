import type { FeedPage } from '../pagination/page.ts';
import { missingResultsError, type SearchPage } from './search-page.ts';

/**
 * Yields the pages of one search.
 *
 * @throws UtmqlError SOURCE_MALFORMED after the last page if fewer results arrived than the smallest total announced: the total
 *   can grow while pages are read
 */
export async function* searchWithTotalCheck(
  source: string,
  pages: AsyncIterable<SearchPage>,
): AsyncGenerator<FeedPage> {
  let came = 0;
  let least = Number.POSITIVE_INFINITY;
  for await (const { page, total, elements } of pages) {
    yield page;
    if (total === undefined) continue;
    least = Math.min(least, total);
    came += (await elements()).length;
  }
  if (came < least && least !== Number.POSITIVE_INFINITY) throw missingResultsError(source, least, came);
}
