import { UtmqlError } from '../../errors.ts';
import type { Day } from '../../records/day.ts';
import { withParameters } from '../http/source-address.ts';
import type { HttpSource, OpenOptions } from '../http-source.ts';
import type { RecordBatch } from '../json/record-batches.ts';
import { createPaginator } from './pagination/create-paginator.ts';
import type { PageRequest } from './pagination/page-request.ts';
import type { Pagination } from './pagination/pagination.ts';
import { bodyOf, expectArray, maxPageBytes } from './read-elements.ts';
import { type RequestPlan, rangesOf, requestsFor } from './request-plan.ts';
import type { Page, PageBody, PagesCall } from './source.ts';

export interface HttpPagesOptions {
  readonly plan: RequestPlan;
  readonly http: HttpSource;
  readonly pagination: Pagination;
  /** Whether an answer is taken whole before it is read, so that an error in it, or its breaking off, is asked again. */
  readonly held: boolean;
  readonly maxPages: number;
  readonly allowHosts: readonly string[];
  /** Parameters that are credentials: of each request, those of next links too. */
  readonly authParameters: Readonly<Record<string, string>>;
  readonly show: (url: URL) => string;
  readonly today: () => Day;
  /** Keys that lead to the array that every page must have; undefined: its records may be written in other ways, too. */
  readonly arrayAt: readonly string[] | undefined;
  /** The elements of a page, to count them. */
  readonly read: (page: PageBody) => AsyncIterable<RecordBatch>;
}

/** The answers of an HTTP source in order: for each range those to each request, with their pages one after the other. */
export async function* httpPages(options: HttpPagesOptions, call: PagesCall): AsyncGenerator<Page> {
  const { plan, today } = options;
  const left = { pages: options.maxPages };
  for (const range of rangesOf(plan, call, today())) {
    for (const request of requestsFor(plan, range)) yield* pagesOf(options, call, request, left);
  }
}

async function* pagesOf(
  options: HttpPagesOptions,
  call: PagesCall,
  request: PageRequest,
  left: { pages: number },
): AsyncGenerator<Page> {
  const { plan, pagination, show, allowHosts } = options;
  if (pagination.kind === 'none') {
    yield options.held
      ? (await heldPage(options, call, request)).page
      : await streamedPage(options, call, request);
    return;
  }
  const paginator = createPaginator({ source: plan.source, request, show, allowHosts }, pagination);
  let next: PageRequest | undefined = paginator.first;
  while (next !== undefined) {
    if (left.pages-- === 0) throw tooManyPages(options);
    const { page, answer } = await heldPage(options, call, next);
    yield page;
    const { headers, body } = answer;
    const count = () => countOf(options.read({ body: bodyOf(body), contentType: page.contentType }));
    next = await paginator.next({ request: next, headers, body, count });
  }
}

async function heldPage(options: HttpPagesOptions, call: PagesCall, request: PageRequest) {
  const asked = askFor(options, call, request);
  const answer = await options.http.page(asked, maxPageBytes);
  const { contentType, body } = answer;
  const { arrayAt, plan } = options;
  if (arrayAt !== undefined) expectArray(plan.source, body, arrayAt);
  return { answer, page: { label: options.show(asked.url), contentType, body: bodyOf(body) } };
}

async function streamedPage(options: HttpPagesOptions, call: PagesCall, request: PageRequest): Promise<Page> {
  const asked = askFor(options, call, request);
  const answer = await options.http.open(asked);
  return { label: options.show(asked.url), ...answer };
}

function askFor(
  { authParameters }: HttpPagesOptions,
  { signal, logger, requestId }: PagesCall,
  { url, body, isPointedTo }: PageRequest,
): OpenOptions & { url: URL } {
  return { url: withParameters(url, authParameters), body, isPointedTo, signal, logger, requestId };
}

async function countOf(batches: AsyncIterable<RecordBatch>): Promise<number> {
  let count = 0;
  for await (const { records, malformed } of batches) count += records.length + malformed.length;
  return count;
}

const tooManyPages = ({ plan, maxPages }: HttpPagesOptions): UtmqlError =>
  new UtmqlError(
    'SOURCE_MALFORMED',
    `Source ${plan.source} has more than ${maxPages} pages; if that is right, raise max_pages for it.`,
  );
