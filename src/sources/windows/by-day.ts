import { formatDay } from '../../records/day.ts';
import type { AskedRange, FeedPage } from '../pagination/page.ts';
import { missingResultsError, type SearchPage, searchLimitError } from './search-page.ts';
import type { DayWindow } from './window.ts';

/**
 * Yields the pages of a range of days. A range with more results than one search returns is split in halves before any of its
 * pages is yielded.
 *
 * @throws UtmqlError SOURCE_MALFORMED if one day exceeds the limit, or fewer results arrive than the platform announced
 */
export async function* searchByDay(
  source: string,
  { limit }: DayWindow,
  range: AskedRange,
  search: (range: AskedRange) => AsyncIterable<SearchPage>,
): AsyncGenerator<FeedPage> {
  let came = 0;
  let told: number | undefined;
  let isFirst = true;
  for await (const { page, total, elements } of search(range)) {
    const count = (await elements()).length;
    if (isFirst && (total === undefined ? count >= limit : total > limit)) {
      for (const half of halvesOf(source, limit, range))
        yield* searchByDay(source, { by: 'day', limit }, half, search);
      return;
    }
    isFirst = false;
    yield page;
    came += count;
    if (total !== undefined) told = Math.min(told ?? total, total);
  }
  if (told === undefined && came >= limit) {
    throw searchLimitError(
      source,
      `gave ${came} results for ${formatRange(range)}, at which it ends a search, and does not say whether there are more; lower days_per_request, or set total to where its pages tell how many there are`,
    );
  }
  if (told !== undefined && came < told) throw missingResultsError(source, told, came);
}

function halvesOf(source: string, limit: number, { since, until }: AskedRange): readonly AskedRange[] {
  if (since === undefined || until === undefined || since >= until) {
    throw searchLimitError(
      source,
      `has more than the ${limit} results that it gives for one search, ${formatRange({ since, until })} alone; ask for less at once: a source for each part of the account, fewer columns that make rows, or window.id where results can be had by their ids`,
    );
  }
  const middle = since + Math.floor((until - since) / 2);
  return [
    { since, until: middle },
    { since: middle + 1, until },
  ];
}

const formatRange = ({ since, until }: AskedRange): string =>
  since === undefined || until === undefined
    ? 'for all its days'
    : since === until
      ? `on ${formatDay(since)}`
      : `from ${formatDay(since)} to ${formatDay(until)}`;
