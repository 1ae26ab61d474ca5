import { UtmqlError } from '../errors.ts';
import type { RecordBatch } from '../formats/feed/record-batch.ts';
import { parseJson } from '../formats/json/parse.ts';
import { readJsonRecords } from '../formats/read-records.ts';
import { withParameters } from '../http-client/address.ts';
import { sentencesIn } from '../http-client/error-sentence.ts';
import type { HttpSource, OpenOptions } from '../http-client/http-source.ts';
import { quotedEnd } from '../http-client/quote.ts';
import type { Day } from '../records/day.ts';
import { createPaginator } from './pagination/create-paginator.ts';
import type { AskedRange, FeedPage, PageBody, PagesCall } from './pagination/page.ts';
import { hasArray, pageField } from './pagination/page-field.ts';
import type { PageRequest, Pagination } from './pagination/pagination.ts';
import { bodiesOf, type RequestPlan, rangesOf, requestFor } from './settings/request-plan.ts';
import { searchByDay } from './windows/by-day.ts';
import { searchById } from './windows/by-id.ts';
import { searchWithTotalCheck } from './windows/checked-search.ts';
import type { SearchPage } from './windows/search-page.ts';
import type { IdWindow, SearchWindow } from './windows/window.ts';

/** Largest page that is buffered: one that says where the next page is, or that can be an error. */
const maxPageBytes = 32 * 1_048_576;

const sliceBytes = 262_144;

/** Yields a buffer in slices. */
async function* slicesOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += sliceBytes) yield bytes.subarray(from, from + sliceBytes);
}

/** Streams the elements of the array at `path` in a JSON page, or of a page that is an array. */
export const readElements = ({ body }: PageBody, path: readonly string[]): AsyncIterable<RecordBatch> =>
  readJsonRecords(body, { envelope: path, maxRecordBytes: maxPageBytes });

/**
 * Rejects a JSON page without an array at `path`: it is a message, not records, and would be read as a record.
 *
 * @throws UtmqlError SOURCE_MALFORMED
 */
function expectArray(
  { plan: { source }, hide }: HttpPagesOptions,
  page: Buffer,
  path: readonly string[],
): void {
  if (page.length === 0 || hasArray(page, path)) return;
  const said = quotedEnd(sentencesIn(parseJson(page.toString('utf8', 0, maxErrorBytes))), hide);
  throw new UtmqlError(
    'SOURCE_MALFORMED',
    `A page of source ${source} has no array at ${path.join('.')}, where its records are expected${said === '' ? '. It may say there what is wrong in words' : said}; check what it is asked for, and records where the source says where they are.`,
  );
}

/** A page that is an error is short. */
const maxErrorBytes = 65_536;

export interface HttpPagesOptions {
  readonly plan: RequestPlan;
  readonly http: HttpSource;
  readonly pagination: Pagination;
  /** Whether a response is buffered before it is read, so that an error in it, or a broken connection, is retried. */
  readonly isBuffered: boolean;
  /** Path of the total number of results in a page. */
  readonly totalPath: readonly string[] | undefined;
  readonly window: SearchWindow | undefined;
  readonly maxPages: number;
  readonly allowHosts: readonly string[];
  /** Query parameters with credentials, added to every request, next links included. */
  readonly authParameters: Readonly<Record<string, string>>;
  readonly show: (url: URL) => string;
  /** Returns a text of the source without secrets. */
  readonly hide: (text: string) => string;
  readonly today: () => Day;
  /** Path of the array that every page must have; undefined: records may have other forms. */
  readonly requiredArrayPath: readonly string[] | undefined;
  /** Streams the elements of a page. */
  readonly read: (page: PageBody) => AsyncIterable<RecordBatch>;
}

/** Yields the pages of an HTTP source in order: range by range, request by request. */
export async function* httpPages(options: HttpPagesOptions, call: PagesCall): AsyncGenerator<FeedPage> {
  const { plan, window, today } = options;
  const { source } = plan;
  const left = { pages: options.maxPages };
  for (const range of rangesOf(plan, call, today())) {
    for (const body of bodiesOf(plan)) {
      const ask = (request: PageRequest) => searchPages(options, call, request, left);
      if (window?.by === 'id')
        yield* searchById(source, window, (lastId) => ask(behind(plan, body, range, window, lastId)));
      else if (window?.by === 'day') {
        // A range that no template uses cannot be split.
        const days = plan.usesRange ? range : {};
        yield* searchByDay(source, window, days, (part) =>
          ask(requestFor(plan, body, { ...range, ...part })),
        );
      } else if (options.isBuffered) yield* searchWithTotalCheck(source, ask(requestFor(plan, body, range)));
      else yield await streamedPage(options, call, requestFor(plan, body, range));
    }
  }
}

function behind(
  plan: RequestPlan,
  body: string | undefined,
  range: AskedRange,
  window: IdWindow,
  lastId: string | undefined,
): PageRequest {
  const request = requestFor(plan, body, { ...range, lastId: lastId ?? window.start });
  return window.place?.(request, lastId) ?? request;
}

/** Yields the pages of one search, following its pagination. */
async function* searchPages(
  options: HttpPagesOptions,
  call: PagesCall,
  request: PageRequest,
  left: { pages: number },
): AsyncGenerator<SearchPage> {
  const { plan, pagination, show, allowHosts, totalPath } = options;
  const paginator =
    pagination.kind === 'none'
      ? undefined
      : createPaginator({ source: plan.source, request, show, allowHosts }, pagination);
  let next: PageRequest | undefined = paginator?.first ?? request;
  while (next !== undefined) {
    if (left.pages-- === 0) throw tooManyPages(options);
    const { page, answer } = await bufferedPage(options, call, next);
    const { headers, body } = answer;
    let found: readonly unknown[] | undefined;
    const elements = async (): Promise<readonly unknown[]> => {
      found ??= await elementsOf(options.read({ body: slicesOf(body), contentType: page.contentType }));
      return found;
    };
    yield { page, total: totalPath && numberAt(body, totalPath), elements };
    const count = async () => (await elements()).length;
    next = await paginator?.next({ request: next, headers, body, count });
  }
}

async function bufferedPage(options: HttpPagesOptions, call: PagesCall, request: PageRequest) {
  const asked = askFor(options, call, request);
  const answer = await options.http.page(asked, maxPageBytes);
  const { contentType, body } = answer;
  const { requiredArrayPath } = options;
  if (requiredArrayPath !== undefined) expectArray(options, body, requiredArrayPath);
  return { answer, page: { label: options.show(asked.url), contentType, body: slicesOf(body) } };
}

async function streamedPage(
  options: HttpPagesOptions,
  call: PagesCall,
  request: PageRequest,
): Promise<FeedPage> {
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

async function elementsOf(batches: AsyncIterable<RecordBatch>): Promise<readonly unknown[]> {
  const elements: unknown[] = [];
  for await (const { records, malformed } of batches)
    elements.push(...records, ...malformed.map(() => undefined));
  return elements;
}

function numberAt(page: Buffer, path: readonly string[]): number | undefined {
  const found = pageField(page, path);
  const number = typeof found === 'string' && found !== '' ? Number(found) : found;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

const tooManyPages = ({ plan, maxPages }: HttpPagesOptions): UtmqlError =>
  new UtmqlError(
    'SOURCE_MALFORMED',
    `Source ${plan.source} has more than ${maxPages} pages; if that is right, raise max_pages for it.`,
  );
