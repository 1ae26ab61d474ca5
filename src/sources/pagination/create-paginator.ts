import { byNumber, byOffset } from './by-count.ts';
import { byCursor } from './by-cursor.ts';
import { byLink } from './by-link.ts';
import type { Pagination, Paginator, PaginatorOptions } from './pagination.ts';

/** What leads through the pages of one call, by the rules of `pagination`. */
export function createPaginator(
  options: PaginatorOptions,
  pagination: Exclude<Pagination, { kind: 'none' }>,
): Paginator {
  switch (pagination.kind) {
    case 'cursor':
      return byCursor(options, pagination);
    case 'next_link':
    case 'link_header':
      return byLink(options, pagination);
    case 'page_number':
      return byNumber(options, pagination);
    case 'offset':
      return byOffset(options, pagination);
  }
}
