import { paginateByNumber, paginateByOffset } from './by-count.ts';
import { paginateByCursor } from './by-cursor.ts';
import { paginateByLink } from './by-link.ts';
import type { Pagination, Paginator, PaginatorOptions } from './pagination.ts';

/** Creates the paginator of one call for the given rules. */
export function createPaginator(
  options: PaginatorOptions,
  pagination: Exclude<Pagination, { kind: 'none' }>,
): Paginator {
  switch (pagination.kind) {
    case 'cursor':
      return paginateByCursor(options, pagination);
    case 'next_link':
    case 'link_header':
      return paginateByLink(options, pagination);
    case 'page_number':
      return paginateByNumber(options, pagination);
    case 'offset':
      return paginateByOffset(options, pagination);
  }
}
