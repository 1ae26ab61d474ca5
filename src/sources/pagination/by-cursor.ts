import { pageField } from './page-field.ts';
import {
  type CursorPagination,
  digest,
  isNoNextPage,
  malformedPage,
  type Paginator,
  type PaginatorOptions,
  withPageParameters,
} from './pagination.ts';

export function paginateByCursor(
  { source, request }: PaginatorOptions,
  { field, more, parameter, in: place }: CursorPagination,
): Paginator {
  const seen = new Set<string>();
  const where = field.join('.');
  return {
    first: request,
    async next({ body }) {
      if (more !== undefined && isNoNextPage(pageField(body, more))) return undefined;
      const cursor = pageField(body, field);
      if (isNoNextPage(cursor)) return undefined;
      if (typeof cursor !== 'string' && typeof cursor !== 'number') {
        throw malformedPage(
          source,
          `has something else than a cursor at ${where}`,
          'Check field of its pagination.',
        );
      }
      const known = digest(String(cursor));
      if (seen.has(known)) {
        throw malformedPage(
          source,
          `has the cursor of an earlier page at ${where}; its pages would never end`,
          'Check field and parameter of its pagination.',
        );
      }
      seen.add(known);
      return withPageParameters(request, place, { [parameter]: cursor });
    },
  };
}
