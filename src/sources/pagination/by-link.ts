import { pageField } from './page-field.ts';
import {
  digest,
  isNoNextPage,
  type LinkPagination,
  malformedPage,
  type PageResponse,
  type Paginator,
  type PaginatorOptions,
} from './pagination.ts';

/** `<target>` and its parameters, whose values may be quoted and then hold anything. */
const link = /<([^<>]*)>((?:\s*;\s*[\w*]+(?:\s*=\s*(?:"[^"]*"|[^\s;,"]*))?)*)/g;
const parameter = /;\s*([\w*]+)(?:\s*=\s*(?:"([^"]*)"|([^\s;,"]*)))?/g;

/**
 * Returns the target of the link with `rel="next"` (RFC 8288) in a `Link` header: `<https://…?page=2>; rel="next"`. Undefined if
 * there is none.
 */
export function nextLink(header: string | readonly string[] | undefined): string | undefined {
  const text = typeof header === 'string' ? header : (header ?? []).join(', ');
  for (const [, target, parameters = ''] of text.matchAll(link)) {
    const relation = [...parameters.matchAll(parameter)].find(([, name]) => name?.toLowerCase() === 'rel');
    const relations = (relation?.[2] ?? relation?.[3] ?? '').toLowerCase().split(/\s+/);
    if (relations.includes('next')) return target;
  }
  return undefined;
}

export function paginateByLink(options: PaginatorOptions, pagination: LinkPagination): Paginator {
  const { source, request, show } = options;
  const seen = new Set([digest(request.url.href)]);
  return {
    first: request,
    async next(page) {
      const link = linkOf(page, pagination);
      if (isNoNextPage(link)) return undefined;
      const base = page.request.url;
      if (typeof link !== 'string' || !URL.canParse(link, base)) {
        throw malformedPage(source, 'has something else than an address for its next page', checkField);
      }
      const url = new URL(link, base);
      if (!mayFollow(url, options)) {
        const place = `points to ${show(url)} for the next one, which is not followed`;
        throw malformedPage(source, place, 'If that belongs to the source, add its host to allow_hosts.');
      }
      url.username = '';
      url.password = '';
      url.hash = '';
      const known = digest(url.href);
      if (seen.has(known)) {
        throw malformedPage(
          source,
          'points to an earlier page for the next one; its pages would never end',
          checkField,
        );
      }
      seen.add(known);
      return { url, body: request.body, isPointedTo: true };
    },
  };
}

const checkField = 'Check where its pagination finds the next page.';

const linkOf = ({ body, headers }: PageResponse, pagination: LinkPagination): unknown =>
  pagination.kind === 'next_link' ? pageField(body, pagination.field) : nextLink(headers.link);

/** True if a next link is on the source's origin or an allowed host: it is untrusted, and could point into this network. */
const mayFollow = (url: URL, { request, allowHosts }: PaginatorOptions): boolean =>
  url.origin === request.url.origin ||
  (url.protocol === request.url.protocol &&
    (allowHosts.includes(url.host) || allowHosts.includes(url.hostname)));
