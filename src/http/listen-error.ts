import { UtmqlError } from '../errors.ts';

/** Why a server cannot listen, for the operator. */
export function explainListenError(
  error: NodeJS.ErrnoException,
  { host, port }: { host: string; port: number },
): Error {
  if (error.code === 'EADDRINUSE') {
    return new UtmqlError(
      'CONFIGURATION',
      `Port ${port} on ${host} is taken. Stop the program that uses it, or set PORT to another.`,
      { cause: error },
    );
  }
  if (error.code === 'EACCES' || error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    return new UtmqlError(
      'CONFIGURATION',
      `Cannot listen on ${host}:${port} (${error.code}). Check HOST and PORT.`,
      { cause: error },
    );
  }
  return error;
}
