import { z } from 'zod';
import { recordKinds } from '../../records/contract.ts';
import { namePattern, nameText } from '../../records/names.ts';
import { type Problem, recordProblems } from './record-checks.ts';
import { recordKeys } from './record-settings.ts';
import { oneOf, section } from './setting-types.ts';

export const nameSetting = z.string('expected a name').regex(namePattern, nameText);

export const workspaceSetting = z
  .string('expected a name')
  .regex(/^[A-Za-z0-9._-]{1,64}$/, 'expected up to 64 of letters, digits, ., _ and -')
  .default('default');

/** One of the file's `mappings`: how records pushed with its name are read. */
export const namedMapping = section({
  name: nameSetting,
  kind: oneOf(recordKinds),
  workspace: workspaceSetting,
  ...recordKeys,
});
export type NamedMapping = z.output<typeof namedMapping>;

/** Keys that apply only to records with figures. */
const figuresOnly = ['decimal', 'thousands', 'scale', 'currency'] as const;

/** Returns conflicts between the settings of a mapping, each of which is valid by itself. */
export function mappingProblems(mapping: NamedMapping): Problem[] {
  const { kind, duplicates, stages, channel } = mapping;
  const problems = recordProblems(mapping, kind);
  const report = (key: string, text: string): void => void problems.push({ path: [key], text });
  if (kind !== 'ad_performance' && duplicates !== undefined)
    report('duplicates', 'has a meaning only for ads');
  if (kind === 'event') {
    if (channel !== undefined) report('channel', 'has a meaning only for ads');
    if (Object.keys(stages).length > 0) report('stages', 'has a meaning only for opportunities');
    for (const key of figuresOnly) {
      if (mapping[key] !== undefined) report(key, 'has no meaning for events, which have no figures');
    }
  }
  return problems;
}
