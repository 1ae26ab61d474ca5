import { pageField } from './page-field.ts';
import {
  digest,
  malformedPage,
  type NumberPagination,
  type OffsetPagination,
  type PageResponse,
  type Paginator,
  type PaginatorOptions,
  withPageParameters,
} from './pagination.ts';

export function paginateByNumber(options: PaginatorOptions, pagination: NumberPagination): Paginator {
  const { parameter, start, stop } = pagination;
  let number = start;
  const at = () => withPageParameters(options.request, pagination.in, { [parameter]: number });
  return rejectingRepeatedPages(options.source, parameter, {
    first: at(),
    async next(page) {
      number += 1;
      if ((await page.count()) === 0) return undefined;
      if (stop !== 'empty' && number - start >= totalOf(options, page, stop)) return undefined;
      return at();
    },
  });
}

export function paginateByOffset(options: PaginatorOptions, pagination: OffsetPagination): Paginator {
  const { parameter, limitParameter, limit, stop } = pagination;
  let offset = 0;
  const at = () =>
    withPageParameters(options.request, pagination.in, { [parameter]: offset, [limitParameter]: limit });
  return rejectingRepeatedPages(options.source, parameter, {
    first: at(),
    async next(page) {
      // By the records received, not requested: a source may cap the page size.
      const count = await page.count();
      offset += count;
      if (count === 0 || (stop === 'short' && count < limit)) return undefined;
      if (typeof stop !== 'string' && offset >= totalOf(options, page, stop)) return undefined;
      return at();
    },
  });
}

/** A source that ignores the parameter would send the same page again and again. */
function rejectingRepeatedPages(source: string, parameter: string, { first, next }: Paginator): Paginator {
  let before = '';
  return {
    first,
    async next(page) {
      const following = await next(page);
      const bytes = digest(page.body);
      if (following !== undefined && bytes === before) {
        throw malformedPage(
          source,
          `is the same as the one before; it ignores the parameter ${parameter}`,
          'Check what the source calls it, or set pagination: none.',
        );
      }
      before = bytes;
      return following;
    },
  };
}

function totalOf({ source }: PaginatorOptions, { body }: PageResponse, field: readonly string[]): number {
  const total = pageField(body, field);
  const number = typeof total === 'string' && total !== '' ? Number(total) : total;
  if (typeof number === 'number' && Number.isFinite(number)) return number;
  throw malformedPage(
    source,
    `has no number at ${field.join('.')}, where the last page is told`,
    'Check stop of its pagination.',
  );
}
