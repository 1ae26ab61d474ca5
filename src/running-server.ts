import { UsageError } from './usage-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const usualUrl = 'http://127.0.0.1:4000';

/**
 * Returns the address of a path of the running utmql that a command speaks to.
 *
 * @param option what was given as --url; undefined: UTMQL_URL holds
 * @throws UsageError
 */
export function serverAddress(option: string | undefined, environment: Environment, path: string): URL {
  const text = option ?? (environment.UTMQL_URL?.trim() || usualUrl);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UsageError(`--url (or UTMQL_URL) is no address such as ${usualUrl}.`);
  if (url.username !== '' || url.password !== '')
    throw new UsageError('--url (or UTMQL_URL) has a login in it. Give the key as UTMQL_API_KEY.');
  const start = url.pathname.replace(/\/+$/, '');
  url.pathname = start.endsWith(path) ? start : `${start}${path}`;
  url.search = '';
  url.hash = '';
  return url;
}

/** Returns the key that a command shows; undefined where none is set. @throws UsageError */
export function serverKey({ UTMQL_API_KEY: text }: Environment): string | undefined {
  // Files of secrets often end with a line break.
  const key = text?.trim() || undefined;
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key))
    throw new UsageError('UTMQL_API_KEY has characters that no key has.');
  return key;
}

/** Why nothing answered, in a word or two. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'it does not answer';
  const { cause } = error;
  return cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : error.message;
}
