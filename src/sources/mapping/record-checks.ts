import { noSuch } from '../../nearest.ts';
import { contractOf, type RecordKind } from '../../records/contract.ts';
import type { Problem } from '../../yaml-file/places.ts';
import { textFieldsOf, unknownFieldsIn } from './mapping-settings.ts';
import { readingProblem } from './reading-settings.ts';
import type { RecordSettings } from './record-settings.ts';

/** Returns conflicts between settings for records of a kind, each of which is valid by itself. */
export function recordProblems(settings: RecordSettings, kind: RecordKind): Problem[] {
  const problems: Problem[] = [];
  const report = (path: readonly PropertyKey[], text: string): void => void problems.push({ path, text });
  const { fields, deletion, push } = contractOf(kind);
  const accepted = Object.keys(fields);

  const texts = textFieldsOf(kind);

  for (const [key, names] of [
    ['fields', accepted],
    ['defaults', texts],
  ] as const) {
    for (const name of Object.keys(settings[key])) {
      if (!names.includes(name)) report([key, name], noSuch('field', name, names));
    }
  }
  for (const { path, name } of unknownFieldsIn(settings, kind)) report(path, noSuch('field', name, texts));
  if (settings.channel !== undefined && !push.parameters.includes('channel')) {
    const isAttributed = kind === 'opportunity';
    report(
      ['channel'],
      isAttributed
        ? 'has no meaning for opportunities; each gets the channel of its ads'
        : 'has a meaning only for ads',
    );
  }
  if (Object.keys(settings.stages).length > 0 && fields.stage === undefined)
    report(['stages'], 'has a meaning only for opportunities');
  if (settings.spread !== undefined && kind !== 'ad_performance')
    report(['spread'], 'has a meaning only for ads');
  if (Object.keys(settings.breakdowns).length > 0 && fields.breakdowns === undefined)
    report(['breakdowns'], 'has a meaning only for ads');
  if (Object.keys(settings.extra_measures).length > 0 && fields.extra_measures === undefined)
    report(['extra_measures'], 'has a meaning only for ads');
  if (settings.deleted_when !== undefined && deletion === undefined)
    report(['deleted_when'], 'has a meaning only for opportunities');
  if (settings.duplicates === 'sum' && kind === 'exchange_rate')
    report(['duplicates'], 'cannot be sum for exchange rates; accepted: last, fail');
  for (const key of ['scale', 'currency'] as const) {
    if (settings[key] !== undefined && kind === 'exchange_rate')
      report([key], 'has no meaning for exchange rates');
  }
  const problem = readingProblem(settings, kind);
  if (problem !== undefined) report(problem.path, problem.text);
  return problems;
}
