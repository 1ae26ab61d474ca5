import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { UtmqlError } from '../../../errors.ts';
import type { PageRequest } from './page-request.ts';

/** A page that has come. */
export interface ReadPage {
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
  next(page: ReadPage): Promise<PageRequest | undefined>;
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
export const isNothing = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || value === false;

/** What is remembered of a cursor, an address or a page, however long it is. */
export const digest = (value: string | Buffer): string => createHash('sha256').update(value).digest('base64');

/**
 * @param what follows `A page of source ads`
 * @param advice a sentence on what to do
 */
export const malformedPage = (source: string, what: string, advice: string): UtmqlError =>
  new UtmqlError('SOURCE_MALFORMED', `A page of source ${source} ${what}. ${advice}`);
