import { UtmqlError } from '../../errors.ts';
import type { RecordBatch } from '../../formats/record-batch.ts';
import { FigureWatch } from '../../sources/mapping/figure-watch.ts';
import { isObject } from '../../sources/mapping/place.ts';
import type { PushReading } from './push-reading.ts';

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
  const figures = new FigureWatch(requiredFigures);
  for (const { records } of head) {
    for (const element of records) {
      const record = map === undefined ? element : map(element);
      if (isObject(record)) figures.see(record);
      if (figures.missing.length === 0) return;
    }
  }
  const { seen, missing, columns } = figures;
  if (seen === 0) return;
  throw new UtmqlError(
    'UNREADABLE_BODY',
    `None of the first ${seen} records has the figure ${missing.join(', ')}; what they have: ${columns.join(', ')}. Nothing was stored. Set \`fields\` of the mapping to what the column is called now, or \`defaults\` where the file has none.`,
  );
}
