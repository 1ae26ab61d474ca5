import { UtmqlError } from '../errors.ts';

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

/** The Authorization header for `user:password`. */
export const basicAuthorization = (credentials: string): string =>
  `Basic ${Buffer.from(credentials).toString('base64')}`;

/**
 * `url` with the parameters set: in place of one of that name, else behind those it has. The others stay as they are
 * written, since they may be signed, or in a notation that must not be escaped. Undefined leaves a parameter alone.
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

/** What may be shown of an address: origin and path. Its parameters may be secrets. */
export const originAndPath = (url: URL): string => `${url.origin}${url.pathname}`;
