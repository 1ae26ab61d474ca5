import { UtmqlError } from '../errors.ts';

/** The advice of all UNAUTHENTICATED errors, for programs. */
export const howToLogIn =
  'Send an API key or a token as "Authorization: Bearer …", or an API key as "X-API-Key".';

export const unauthenticated = (what: string, cause?: unknown): UtmqlError =>
  new UtmqlError('UNAUTHENTICATED', `${what} ${howToLogIn}`, cause === undefined ? {} : { cause });

export const forbidden = (message: string): UtmqlError => new UtmqlError('FORBIDDEN', message);
