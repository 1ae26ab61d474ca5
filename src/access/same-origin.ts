import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a request comes from one of our own pages or from the person at the browser, according to its headers. Over plain HTTP,
 * browsers omit both headers for reads. A request without them is accepted if its method changes nothing: the cookie is
 * SameSite=Strict, so browsers do not send it with requests of other sites.
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
