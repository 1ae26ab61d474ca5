type Path = readonly string[];

/** Where a parameter that changes from page to page goes: into the query, or the JSON body of a POST. */
export type Place = 'query' | 'body';

interface Placed {
  readonly parameter: string;
  readonly in?: Place | undefined;
}

/** A value of a page asks for the next one. `more`: there is one only where this is given, too. */
export interface CursorPagination extends Placed {
  readonly kind: 'cursor';
  readonly field: Path;
  readonly more?: Path | undefined;
}

/** A page has the address of the next one, in its body or in the `Link` header. */
export type LinkPagination =
  | { readonly kind: 'next_link'; readonly field: Path }
  | { readonly kind: 'link_header' };

/** Pages are counted. The end is an empty page, or the number of pages in a field. */
export interface NumberPagination extends Placed {
  readonly kind: 'page_number';
  readonly start: number;
  readonly stop: 'empty' | Path;
}

/** Records are counted. The end is an empty page, one with fewer than `limit`, or the number of records in a field. */
export interface OffsetPagination extends Placed {
  readonly kind: 'offset';
  readonly limitParameter: string;
  readonly limit: number;
  readonly stop: 'empty' | 'short' | Path;
}

/** How a source spreads its records over several answers. Paths lead to values within a page. */
export type Pagination =
  | { readonly kind: 'none' }
  | CursorPagination
  | LinkPagination
  | NumberPagination
  | OffsetPagination;
