import type { Page } from '../pagination/page.ts';
import { missingResultsError, type SearchPage } from './search-page.ts';

/**
 * The pages of one search.
 *
 * @throws UtmqlError SOURCE_MALFORMED behind the last one where fewer results came than the platform told of. It may be told of
 *   more while the pages are read, hence of the numbers the smallest
 */
export async function* searchWithTotalCheck(
  source: string,
  pages: AsyncIterable<SearchPage>,
): AsyncGenerator<Page> {
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
