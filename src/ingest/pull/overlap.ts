import { pushSource } from '../../records/names.ts';
import type { SourceKind } from '../../sources/mapping/source-kind.ts';
import type { Source } from '../../sources/source.ts';
import type { Overlap } from '../storage/stage.ts';

const none: Overlap = { days: new Map(), sources: new Set() };

/** Who else delivers records of this kind to the workspace. Records of a source that is gone may be taken over. */
export const rivalsOf = (
  source: Pick<Source, 'name' | 'workspace' | 'kind'>,
  sources: readonly Pick<Source, 'name' | 'workspace' | 'kind'>[],
): ReadonlySet<string> =>
  new Set([
    pushSource,
    ...sources
      .filter(({ workspace, kind }) => workspace === source.workspace && kind === source.kind)
      .map(({ name }) => name)
      .filter((name) => name !== source.name),
  ]);

/** What of an overlap is with these sources; where others are in it, too, its counts include theirs. */
export function overlapWith(rivals: ReadonlySet<string>, { days, sources }: Overlap = none): Overlap {
  const found = new Set([...sources].filter((name) => rivals.has(name)).sort());
  return found.size === 0 ? none : { days, sources: found };
}

/** A sentence for the run; nothing without an overlap. */
export function overlapWarnings({ days, sources }: Overlap, kind: SourceKind): readonly string[] {
  if (days.size === 0) return [];
  const records = [...days.values()].reduce((sum, count) => sum + count, 0);
  const where = days.size === 1 ? 'a day' : `${days.size} days`;
  return [
    `${records} ${records === 1 ? 'record has' : 'records have'} the key of a record of ${[...sources].join(', ')} on ${where}: they overwrite each other, and only the last one counts. Take the records out of one of them (\`where\`)${kind === 'exchange_rate' ? '' : ', or tell them apart by `channel` or `breakdowns`'}.`,
  ];
}
