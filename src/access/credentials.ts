import type { IncomingHttpHeaders } from 'node:http';
import { unauthenticated } from './refusals.ts';
import { isFromOwnPages } from './same-origin.ts';

/** The cookie with the key or token of a browser that logged in at `/login`. */
export const keyCookie = 'utmql_key';
/** The cookie with the workspace that was chosen there. */
export const workspaceCookie = 'utmql_workspace';

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
  const kept = cookieValue(cookie, keyCookie);
  if (kept !== undefined && isFromOwnPages(request)) return kept;
  throw unauthenticated('This needs an API key or a token.');
}

/** Returns the workspace that a browser chose at its login; undefined for requests with a key of their own, and without a choice. */
export function chosenWorkspace(request: Request): string | undefined {
  const { authorization, 'x-api-key': apiKey, cookie } = request.headers;
  if (authorization !== undefined || apiKey !== undefined || !isFromOwnPages(request)) return undefined;
  return cookieValue(cookie, workspaceCookie);
}

export function cookieValue(header: string | undefined, name: string): string | undefined {
  const pair = header?.split(';').find((part) => part.trim().startsWith(`${name}=`));
  return pair?.slice(pair.indexOf('=') + 1).trim();
}
