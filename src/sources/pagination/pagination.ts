import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { UtmqlError } from '../../errors.ts';
import { isObject, parseJson } from '../../formats/json/parse.ts';
import { withParameters } from '../../http-client/address.ts';

/** A page that has come. */
export interface PageResponse {
  readonly request: PageRequest;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** How many records it has. */
  readonly count: () => Promise<number>;
}

/** Leads through the pages of one call. */
export interface Paginator {
  readonly first: PageRequest;
  /**
   * What to ask for next; undefined after the last page.
   * @throws UtmqlError SOURCE_MALFORMED when the pages would never end, or lead elsewhere
   */
  next(page: PageResponse): Promise<PageRequest | undefined>;
}

export interface PaginatorOptions {
  readonly source: string;
  /** What is asked for the first page, but for what the pagination adds. */
  readonly request: PageRequest;
  /** Hosts that a next link may lead to, beside the source's own origin. */
  readonly allowHosts: readonly string[];
  /** What may be shown of an address. */
  readonly show: (url: URL) => string;
}

/** What stands for no next page. */
export const isNoNextPage = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || value === false;

/** What is remembered of a cursor, an address or a page, however long it is. */
export const digest = (value: string | Buffer): string => createHash('sha256').update(value).digest('base64');

/**
 * @param what follows `A page of source ads`
 * @param advice a sentence on what to do
 */
export const malformedPage = (source: string, what: string, advice: string): UtmqlError =>
  new UtmqlError('SOURCE_MALFORMED', `A page of source ${source} ${what}. ${advice}`);

type Path = readonly string[];

/** Where a parameter that changes from page to page goes: into the query, or the JSON body of a POST. */
export type ParameterLocation = 'query' | 'body';

interface PageParameter {
  readonly parameter: string;
  readonly in?: ParameterLocation | undefined;
}

/** A value of a page asks for the next one. `more`: there is one only where this is given, too. */
export interface CursorPagination extends PageParameter {
  readonly kind: 'cursor';
  readonly field: Path;
  readonly more?: Path | undefined;
}

/** A page has the address of the next one, in its body or in the `Link` header. */
export type LinkPagination =
  | { readonly kind: 'next_link'; readonly field: Path }
  | { readonly kind: 'link_header' };

/** Pages are counted. The end is an empty page, or the number of pages in a field. */
export interface NumberPagination extends PageParameter {
  readonly kind: 'page_number';
  readonly start: number;
  readonly stop: 'empty' | Path;
}

/** Records are counted. The end is an empty page, one with fewer than `limit`, or the number of records in a field. */
export interface OffsetPagination extends PageParameter {
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

/** What is asked for a page. */
export interface PageRequest {
  readonly url: URL;
  readonly body: string | undefined;
  /** `url` was taken from the page before. */
  readonly isPointedTo?: boolean;
}

/** The request with parameters set in its query, or in the JSON object of its body. */
export function withPageParameters(
  { url, body }: PageRequest,
  place: ParameterLocation | undefined,
  parameters: Readonly<Record<string, string | number>>,
): PageRequest {
  if (place !== 'body') {
    const texts = Object.entries(parameters).map(([name, value]) => [name, String(value)]);
    return { url: withParameters(url, Object.fromEntries(texts)), body };
  }
  const object = parseJson(body ?? '{}');
  return { url, body: JSON.stringify({ ...(isObject(object) ? object : {}), ...parameters }) };
}
