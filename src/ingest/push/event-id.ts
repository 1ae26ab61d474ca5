import { createHash } from 'node:crypto';
import { uuidv7 } from 'uuidv7';
import type { IdMaker } from './normalisers.ts';

/**
 * How the events of a push get their ids where they have none: new ones; with an idempotency key, ids that a repeat of the
 * same push gets too, so that it makes no second event even where nobody remembers the first.
 *
 * @returns what makes the id of the event at a position
 */
export function eventIds(
  workspace: string,
  idempotencyKey: string | undefined,
): (position: number) => IdMaker {
  if (idempotencyKey === undefined) return () => newIds;
  return (position) => ({
    make: () => derivedUuid(JSON.stringify([workspace, idempotencyKey, position])),
    isRepeatable: true,
  });
}

const newIds: IdMaker = { make: uuidv7, isRepeatable: false };

/** A UUID made from a text: version 8 of RFC 9562, over SHA-256. */
function derivedUuid(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
