import { z } from 'zod';
import { encodings } from '../../formats/to-utf8.ts';
import { stages } from '../../records/stage.ts';
import { duplicateRules } from './feed-rules.ts';
import { mappingKeys } from './mapping-settings.ts';
import { readingKeys } from './reading-settings.ts';
import { integerSetting, oneOf, path, scalars, textSetting } from './setting-types.ts';

/** Keys that a source and a mapping of pushes share. */
export const recordKeys = {
  ...readingKeys,
  stages: z.record(z.string(), oneOf(stages), 'expected stage names and what they mean').default({}),
  channel: textSetting('expected the name of a channel').optional(),
  conversion_event: textSetting('expected the name of an event, such as purchase or lead').optional(),
  defaults: scalars('expected fields and values').default({}),
  ...mappingKeys,
  duplicates: oneOf(duplicateRules).optional(),
  records: path.optional(),
  skip_rows: integerSetting(0, 1_000).optional(),
  encoding: oneOf(encodings).optional(),
  delimiter: z.string('expected one character').length(1, 'expected one character').optional(),
};

export type RecordSettings = z.output<z.ZodObject<typeof recordKeys>>;
