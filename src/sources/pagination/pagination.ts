import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { UtmqlError } from '../../errors.ts';
import { isObject, parseJson } from '../../formats/json/parse.ts';
import { withParameters } from '../../http-client/address.ts';

/** A received page. */
export interface PageResponse {
  readonly request: PageRequest;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Resolves to its number of records. */
  readonly count: () => Promise<number>;
}

/** Leads through the pages of one call. */
export interface Paginator {
  readonly first: PageRequest;
  /**
   * Resolves to the next request; undefined after the last page.
   * @throws UtmqlError SOURCE_MALFORMED if the pages would never end, or a link leaves the source
   */
  next(page: PageResponse): Promise<PageRequest | undefined>;
}

export interface PaginatorOptions {
  readonly source: string;
  /** The first request, without the pagination's own parameters. */
  readonly request: PageRequest;
  /** Hosts that a next link may point to besides the source's own origin. */
  readonly allowHosts: readonly string[];
  /** Formats an address without its secrets. */
  readonly show: (url: URL) => string;
}

/** True for values that mean there is no next page. */
export const isNoNextPage = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || value === false;

/** SHA-256, base64: remembers a cursor, address or page of any length. */
export const digest = (value: string | Buffer): string => createHash('sha256').update(value).digest('base64');

/**
 * @param what predicate of the sentence `A page of source ads …`
 * @param advice a sentence on how to fix it
 */
export const malformedPage = (source: string, what: string, advice: string): UtmqlError =>
  new UtmqlError('SOURCE_MALFORMED', `A page of source ${source} ${what}. ${advice}`);

type FieldPath = readonly string[];

/** Where the page parameter goes: into the query, or the JSON body of a POST. */
export type ParameterLocation = 'query' | 'body';

interface PageParameter {
  readonly parameter: string;
  readonly in?: ParameterLocation | undefined;
}

/** A page has the cursor of the next one at `field`. With `more`, there is a next page only if that field is set, too. */
export interface CursorPagination extends PageParameter {
  readonly kind: 'cursor';
  readonly field: FieldPath;
  readonly more?: FieldPath | undefined;
}

/** A page has the address of the next one, in its body or in the `Link` header. */
export type LinkPagination =
  | { readonly kind: 'next_link'; readonly field: FieldPath }
  | { readonly kind: 'link_header' };

/** Pages are numbered. The last is followed by an empty one, or its number is in a field. */
export interface NumberPagination extends PageParameter {
  readonly kind: 'page_number';
  readonly start: number;
  readonly stop: 'empty' | FieldPath;
}

/** Pages start at a record offset. They end with an empty page, one below `limit`, or at the total in a field. */
export interface OffsetPagination extends PageParameter {
  readonly kind: 'offset';
  readonly limitParameter: string;
  readonly limit: number;
  readonly stop: 'empty' | 'short' | FieldPath;
}

/** How a source pages its records. Paths address values in a page. */
export type Pagination =
  | { readonly kind: 'none' }
  | CursorPagination
  | LinkPagination
  | NumberPagination
  | OffsetPagination;

/** The request for one page. */
export interface PageRequest {
  readonly url: URL;
  readonly body: string | undefined;
  /** `url` was taken from the page before. */
  readonly isPointedTo?: boolean;
}

/** Returns the request with parameters set in its query, or in the JSON object of its body. */
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
