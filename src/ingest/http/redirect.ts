const MAX_REDIRECTS = 3;

/** An answer that is neither good nor worth another attempt, and may point elsewhere. */
export interface Redirection {
  readonly method: 'GET' | 'POST';
  /** What was asked, and the status it answered with. */
  readonly url: URL;
  readonly status: number;
  readonly location: string;
  /** Redirects followed so far. */
  readonly followed: number;
  /** What may be shown of an address. */
  readonly show: (url: URL) => string;
}

/** Where a redirect leads when it may be followed: within the origin, three times. Else why it is not, to follow its status. */
export function redirectTarget(redirection: Redirection): URL | string {
  const { method, url, status, location, followed, show } = redirection;
  const next = URL.canParse(location, url) ? new URL(location, url) : undefined;
  // After the other redirects a POST would have to become a GET, which asks for something else.
  const keepsMethod = method === 'GET' || status === 307 || status === 308;
  if (next?.origin !== url.origin || !keepsMethod) {
    const place = next === undefined ? 'an address that is none' : show(next);
    return `for ${show(url)} and points to ${place}, which is not followed; if the records are there, configure that address.`;
  }
  if (followed < MAX_REDIRECTS) return next;
  return (
    `for ${show(url)} and has redirected more than ${MAX_REDIRECTS} times; ` +
    'configure the address that holds the records.'
  );
}
