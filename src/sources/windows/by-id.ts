import type { UtmqlError } from '../../errors.ts';
import { isObject } from '../../formats/json/parse.ts';
import { elementPathOf, valueAt } from '../mapping/element-path.ts';
import type { FeedPage } from '../pagination/page.ts';
import { missingResultsError, type SearchPage, searchLimitError } from './search-page.ts';
import type { IdWindow } from './window.ts';

/**
 * Yields the pages of successive searches, each starting after the last id of the previous one, until none is left.
 *
 * @throws UtmqlError SOURCE_MALFORMED if results are not in the order of their ids, so that continuing would miss some
 */
export async function* searchById(
  source: string,
  window: IdWindow,
  search: (lastId: string | undefined) => AsyncIterable<SearchPage>,
): AsyncGenerator<FeedPage> {
  const id = elementPathOf(window.id);
  const outOfOrder = (came: number): UtmqlError =>
    searchLimitError(
      source,
      `ends a search after ${came} results, and they do not come in the order of ${window.id.join('.')}, by which the next search goes on; sort them by it, ascending, and ask for those greater than {last_id}`,
    );
  let lastId: string | undefined;
  let cameBefore = 0;
  for (;;) {
    let came = 0;
    let largest = 0;
    let total: number | undefined;
    let isCut = false;
    let isInOrder = true;
    let reached = lastId;
    for await (const { page, total: told, elements } of search(lastId)) {
      const results = await elements();
      for (const result of results) {
        const next = isObject(result) ? idOf(valueAt(result, id)) : undefined;
        isInOrder &&= next !== undefined && follows(next, reached);
        reached = next ?? reached;
      }
      // The results of a single search may have any order.
      if (!isInOrder && lastId !== undefined) throw outOfOrder(cameBefore);
      yield page;
      total ??= told;
      came += results.length;
      largest = Math.max(largest, results.length);
      // The next page would exceed the limit, and some platforms refuse it.
      isCut = came + largest > window.limit;
      if (isCut) break;
    }
    cameBefore += came;
    if (total === undefined ? !isCut : came >= total) return;
    // Some totals count all results, not only those after the id.
    if (came === 0 && total !== undefined && cameBefore >= total) return;
    if (came === 0) throw missingResultsError(source, total ?? window.limit, cameBefore);
    if (!isInOrder) throw outOfOrder(came);
    lastId = reached;
  }
}

/** Ids are inserted into URLs and JSON: others could change their meaning. */
const idPattern = /^[\w.:+=/-]{1,200}$/;

function idOf(value: unknown): string | undefined {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value) : '';
  return idPattern.test(text) ? text : undefined;
}

const isAllDigits = (text: string): boolean => /^\d+$/.test(text);

/** True if `id` sorts after `before`: numeric ids by number; others, whose order is the platform's, only need to differ. */
const follows = (id: string, before: string | undefined): boolean =>
  before === undefined ||
  (isAllDigits(id) && isAllDigits(before) ? BigInt(id) > BigInt(before) : id !== before);
