import { UtmqlError } from '../../errors.ts';

/** Where a source is, with its credentials taken out of the URL so that they reach neither logs nor errors. */
export interface SourceAddress {
  readonly url: URL;
  /** The Authorization header, when the configured URL held a user name or password. */
  readonly authorization: string | undefined;
}

/**
 * Splits the configured URL of source `name`.
 * @throws UtmqlError CONFIGURATION; the URL is not repeated, since it may hold a secret
 */
export function parseSourceAddress(name: string, configured: string): SourceAddress {
  try {
    const url = new URL(configured);
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      throw new TypeError(`Not HTTP: ${url.protocol}`);
    const credentials = [url.username, url.password].map(decodeURIComponent);
    const authorization =
      url.username === '' && url.password === ''
        ? undefined
        : `Basic ${Buffer.from(credentials.join(':')).toString('base64')}`;
    url.username = '';
    url.password = '';
    url.hash = '';
    return { url, authorization };
  } catch {
    throw new UtmqlError(
      'CONFIGURATION',
      `The address of source ${name} is not a valid http:// or https:// URL.`,
    );
  }
}

/** `url` with the parameters added, beside those it has. Those stay as they are written, since they may be signed. */
export function withParameters(url: URL, parameters: Readonly<Record<string, string | undefined>>): URL {
  const result = new URL(url);
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    if (result.searchParams.has(name)) result.searchParams.set(name, value);
    else result.search += `${result.search === '' ? '' : '&'}${new URLSearchParams({ [name]: value })}`;
  }
  return result;
}

/** What may be shown of an address: origin and path. Its parameters may be secrets. */
export const shown = (url: URL): string => `${url.origin}${url.pathname}`;
