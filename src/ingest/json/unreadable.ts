import type { UtmqlError } from '../../errors.ts';
import { isBeginningOf } from './bytes.ts';
import { malformed } from './stage.ts';

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);
const OPEN_TAG = '<'.charCodeAt(0);
const SHOWN_CHARACTERS = 60;

/** Whether a body that begins so is of another kind: gzip or HTML, which a first line of CSV could be taken for. */
export const isForeign = (bytes: Buffer): boolean =>
  bytes[0] === OPEN_TAG || isBeginningOf(GZIP_MAGIC, bytes);

/** The error for a body whose first bytes show that it is no `wanted`, with as much of it as helps to see what it is. */
export function unreadable(bytes: Buffer, wanted: 'JSON' | 'CSV'): UtmqlError {
  if (isBeginningOf(GZIP_MAGIC, bytes)) {
    return malformed('The body is gzip without saying so; it needs the header Content-Encoding: gzip.');
  }
  const text = bytes.toString('utf8', 0, 4 * SHOWN_CHARACTERS);
  const shown = text
    .replace(/[^\p{L}\p{N}\p{P}\p{S}]+/gu, ' ')
    .trim()
    .slice(0, SHOWN_CHARACTERS);
  const found = text.startsWith('<') ? `HTML, not ${wanted}` : `not ${wanted}`;
  return malformed(`The body is ${found}; it starts with ‘${shown}’.`);
}
