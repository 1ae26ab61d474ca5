import type { IncomingHttpHeaders } from 'node:http';
import { unauthenticated } from './refusals.ts';
import { isFromOwnPages } from './same-origin.ts';

/** The cookie with the key or token of a browser that logged in at `/login`. */
export const cookieName = 'utmql_key';

interface Request {
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/**
 * Returns the key or token of a request. Browsers send a cookie with requests of any site, so it counts only for requests from
 * our own pages (CSRF).
 *
 * @throws UtmqlError UNAUTHENTICATED if there is none
 */
export function credentialOf(request: Request): string {
  const { authorization, 'x-api-key': apiKey, cookie } = request.headers;
  if (authorization !== undefined) {
    const [, token] = /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization) ?? [];
    if (token === undefined) throw unauthenticated('The header Authorization holds no Bearer token.');
    return token;
  }
  if (typeof apiKey === 'string') return apiKey;
  const kept = cookieValue(cookie);
  if (kept !== undefined && isFromOwnPages(request)) return kept;
  throw unauthenticated('This needs an API key or a token.');
}

function cookieValue(header: string | undefined): string | undefined {
  const pair = header?.split(';').find((part) => part.trim().startsWith(`${cookieName}=`));
  return pair?.slice(pair.indexOf('=') + 1).trim();
}
