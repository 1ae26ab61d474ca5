import { UtmqlError } from '../errors.ts';
import type { RecordBatch } from '../formats/feed/record-batch.ts';
import { readJsonRecords } from '../formats/read-records.ts';
import { withParameters } from '../http-client/address.ts';
import type { HttpSource, OpenOptions } from '../http-client/http-source.ts';
import type { Day } from '../records/day.ts';
import { createPaginator } from './pagination/create-paginator.ts';
import type { AskedRange, Page, PageBody, PagesCall } from './pagination/page.ts';
import { hasArray, pageField } from './pagination/page-field.ts';
import type { PageRequest, Pagination } from './pagination/pagination.ts';
import { bodiesOf, type RequestPlan, rangesOf, requestFor } from './settings/request-plan.ts';
import { searchByDay } from './windows/by-day.ts';
import { searchById } from './windows/by-id.ts';
import type { SearchPage } from './windows/search-page.ts';
import { wholeSearch } from './windows/whole-search.ts';
import type { IdWindow, Window } from './windows/window.ts';

/** A page that must be held, because what comes after it is told in it, or because an error may stand in its place. */
const maxPageBytes = 32 * 1_048_576;

const sliceBytes = 262_144;

/** Held bytes as a body. */
async function* bodyOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += sliceBytes) yield bytes.subarray(from, from + sliceBytes);
}

/** The elements of the array at `path` in a page of JSON, or of a page that is an array. */
export const readElements = ({ body }: PageBody, path: readonly string[]): AsyncIterable<RecordBatch> =>
  readJsonRecords(body, { envelope: path, maxRecordBytes: maxPageBytes });

/**
 * A page of JSON that has no records where it should, not even none, is a message of another kind; the reader of records
 * would take it for a record.
 *
 * @throws UtmqlError SOURCE_MALFORMED
 */
function expectArray(source: string, page: Buffer, path: readonly string[]): void {
  if (page.length === 0 || hasArray(page, path)) return;
  throw new UtmqlError(
    'SOURCE_MALFORMED',
    `A page of source ${source} has no array at ${path.join('.')}, where its records are expected. It may say there what is wrong in words; check what it is asked for, and records where the source says where they are.`,
  );
}

export interface HttpPagesOptions {
  readonly plan: RequestPlan;
  readonly http: HttpSource;
  readonly pagination: Pagination;
  /** Whether an answer is taken whole before it is read, so that an error in it, or its breaking off, is asked again. */
  readonly held: boolean;
  /** Where a page tells how many results there are in all. */
  readonly totalAt: readonly string[] | undefined;
  readonly window: Window | undefined;
  readonly maxPages: number;
  readonly allowHosts: readonly string[];
  /** Parameters that are credentials: of each request, those of next links too. */
  readonly authParameters: Readonly<Record<string, string>>;
  readonly show: (url: URL) => string;
  readonly today: () => Day;
  /** Keys that lead to the array that every page must have; undefined: its records may be written in other ways, too. */
  readonly arrayAt: readonly string[] | undefined;
  /** The elements of a page. */
  readonly read: (page: PageBody) => AsyncIterable<RecordBatch>;
}

/** The answers of an HTTP source in order: for each range those to each request, with their pages one after the other. */
export async function* httpPages(options: HttpPagesOptions, call: PagesCall): AsyncGenerator<Page> {
  const { plan, window, today } = options;
  const { source } = plan;
  const left = { pages: options.maxPages };
  for (const range of rangesOf(plan, call, today())) {
    for (const body of bodiesOf(plan)) {
      const ask = (request: PageRequest) => searchPages(options, call, request, left);
      if (window?.by === 'id')
        yield* searchById(source, window, (lastId) => ask(behind(plan, body, range, window, lastId)));
      else if (window?.by === 'day') {
        // A range that no template wants cannot be made shorter.
        const days = plan.wantsDays ? range : {};
        yield* searchByDay(source, window, days, (part) =>
          ask(requestFor(plan, body, { ...range, ...part })),
        );
      } else if (options.held) yield* wholeSearch(source, ask(requestFor(plan, body, range)));
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

/** The pages of one search, as the pagination leads through them. */
async function* searchPages(
  options: HttpPagesOptions,
  call: PagesCall,
  request: PageRequest,
  left: { pages: number },
): AsyncGenerator<SearchPage> {
  const { plan, pagination, show, allowHosts, totalAt } = options;
  const paginator =
    pagination.kind === 'none'
      ? undefined
      : createPaginator({ source: plan.source, request, show, allowHosts }, pagination);
  let next: PageRequest | undefined = paginator?.first ?? request;
  while (next !== undefined) {
    if (left.pages-- === 0) throw tooManyPages(options);
    const { page, answer } = await heldPage(options, call, next);
    const { headers, body } = answer;
    let found: readonly unknown[] | undefined;
    const elements = async (): Promise<readonly unknown[]> => {
      found ??= await elementsOf(options.read({ body: bodyOf(body), contentType: page.contentType }));
      return found;
    };
    yield { page, total: totalAt && numberAt(body, totalAt), elements };
    const count = async () => (await elements()).length;
    next = await paginator?.next({ request: next, headers, body, count });
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
