import type { IncomingHttpHeaders } from 'node:http';
import { unauthenticated } from './refusals.ts';
import { isFromOwnPages } from './same-origin.ts';

/** Holds the key or token of a browser that logged in at `/login`. */
export const cookieName = 'utmql_key';

interface Request {
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/**
 * The key or token that a request comes with. A cookie is sent by the browser whoever made it ask, so it counts only for
 * requests that our own pages make (CSRF).
 *
 * @throws UtmqlError UNAUTHENTICATED where there is none
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
