import { UtmqlError } from '../../errors.ts';
import type { RecordBatch } from '../../formats/feed/record-batch.ts';
import { isObject } from '../../formats/json/parse.ts';
import { MissingColumns } from '../../sources/mapping/missing-columns.ts';
import type { PushReading } from './push-reading.ts';

/**
 * Looks at the first records of a push, before anything of it is stored: where none has a figure or breakdown that its mapping
 * reads, the file has changed its shape, and the push would store zeros.
 *
 * @throws UtmqlError UNREADABLE_BODY
 */
export function checkColumns(
  { map, required }: Pick<PushReading, 'map' | 'required'>,
  head: readonly RecordBatch[],
): void {
  const watch = new MissingColumns(required);
  for (const { records } of head) {
    for (const element of records) {
      const record = map === undefined ? element : map(element);
      if (isObject(record)) watch.observe(record);
      if (watch.isComplete) return;
    }
  }
  const { recordCount, missing, columns } = watch;
  if (recordCount === 0) return;
  throw new UtmqlError(
    'UNREADABLE_BODY',
    `None of the first ${recordCount} records has ${missing}; what they have: ${columns.join(', ')}. Nothing was stored. ${watch.remedy('mapping', 'file')}`,
  );
}
