import type { IncomingMessage } from 'node:http';

/** What stands behind the question mark of a request's address. */
export const addressParameters = ({ url = '' }: IncomingMessage): URLSearchParams =>
  new URLSearchParams(url.split('?').slice(1).join('?'));
