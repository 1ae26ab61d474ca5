import { z } from 'zod';
import { contractOf, recordKinds } from '../../records/contract.ts';
import { figureParameters } from '../../records/contract-field.ts';
import { namePattern, nameText } from '../../records/names.ts';
import type { Problem } from '../../yaml-file/places.ts';
import { recordProblems } from './record-checks.ts';
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

/** Returns conflicts between the settings of a mapping, each of which is valid by itself. */
export function mappingProblems(mapping: NamedMapping): Problem[] {
  const { kind } = mapping;
  const accepted = contractOf(kind).push.parameters;
  const problems = recordProblems(mapping, kind);
  const report = (key: string, text: string): void => void problems.push({ path: [key], text });
  if (mapping.duplicates !== undefined && !accepted.includes('duplicates'))
    report('duplicates', 'has a meaning only for ads and exchange rates');
  for (const key of figureParameters) {
    if (mapping[key] !== undefined && kind === 'event')
      report(key, 'has no meaning for events, which have no figures');
  }
  return problems;
}
