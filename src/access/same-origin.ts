import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a browser says that one of our own pages, or the person at it, made this request. Browsers that say nothing (over
 * plain HTTP they leave out both headers when they only read) are believed for methods that change nothing: the cookie is
 * SameSite=Strict, so that they do not send it with the requests of others.
 */
export function isFromOwnPages(request: {
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}): boolean {
  const { 'sec-fetch-site': site, origin, host } = request.headers;
  if (typeof site === 'string') return site === 'same-origin' || site === 'none';
  if (origin !== undefined) return hostOf(origin) === host;
  return request.method === 'GET' || request.method === 'HEAD';
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}
