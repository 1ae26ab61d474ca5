import { UtmqlError } from '../errors.ts';

/** The address of a source, without the credentials of the configured URL, so that logs and errors never contain them. */
export interface SourceAddress {
  readonly url: URL;
  /** The Authorization header, if the configured URL has a user name or password. */
  readonly authorization: string | undefined;
}

/**
 * Parses the configured URL of source `name`.
 * @throws UtmqlError CONFIGURATION; its message does not contain the URL, which may hold a secret
 */
export function parseSourceAddress(name: string, configured: string): SourceAddress {
  try {
    const url = new URL(configured);
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      throw new TypeError(`Not HTTP: ${url.protocol}`);
    const credentials = [url.username, url.password].map(decodeURIComponent);
    const authorization =
      url.username === '' && url.password === '' ? undefined : basicAuthorization(credentials.join(':'));
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

/** Returns the Authorization header for `user:password`. */
export const basicAuthorization = (credentials: string): string =>
  `Basic ${Buffer.from(credentials).toString('base64')}`;

/**
 * Returns `url` with the parameters set. A parameter replaces the one with its name, else it is appended. All others keep their
 * exact text: they may be signed, or use a notation that must not be escaped. A parameter that is undefined is ignored.
 */
export function withParameters(url: URL, parameters: Readonly<Record<string, string | undefined>>): URL {
  let members = url.search.slice(1).split('&');
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    const at = members.findIndex((member) => nameOf(member) === name);
    const others = members.filter((member) => nameOf(member) !== name && member !== '');
    others.splice(at === -1 ? others.length : at, 0, new URLSearchParams({ [name]: value }).toString());
    members = others;
  }
  const result = new URL(url);
  result.search = members.join('&');
  return result;
}

const nameOf = (member: string): string | undefined => new URLSearchParams(member).keys().next().value;

/** Returns the part of an address that may be shown: origin and path. Parameters may hold secrets. */
export const originAndPath = (url: URL): string => `${url.origin}${url.pathname}`;
