import { UtmqlError } from '../../errors.ts';
import type { RecordBatch } from '../json/record-batches.ts';
import { isObject } from '../sources/place.ts';
import type { PushReading } from './push-reading.ts';

/** Names of columns that a sentence lists, at most. */
const maxNames = 40;

/**
 * Looks at the first records of a push, before anything of it is stored: where none has a figure that its mapping reads, the
 * file has changed its shape, and the push would store zeros.
 *
 * @throws UtmqlError UNREADABLE_BODY
 */
export function checkFigures(
  { map, requiredFigures }: Pick<PushReading, 'map' | 'requiredFigures'>,
  head: readonly RecordBatch[],
): void {
  const missing = new Set(requiredFigures);
  const names = new Set<string>();
  let seen = 0;
  for (const { records } of head) {
    for (const element of records) {
      if (missing.size === 0) return;
      const record = map === undefined ? element : map(element);
      if (!isObject(record)) continue;
      seen += 1;
      for (const [name, value] of Object.entries(record)) {
        if (value === undefined || value === null || value === '') continue;
        missing.delete(name);
        if (names.size < maxNames) names.add(name);
      }
    }
  }
  if (seen === 0 || missing.size === 0) return;
  throw new UtmqlError(
    'UNREADABLE_BODY',
    `None of the first ${seen} records has the figure ${[...missing].join(', ')}; what they have: ${[...names].join(', ')}. Nothing was stored. Set \`fields\` of the mapping to what the column is called now, or \`defaults\` where the file has none.`,
  );
}
