import { pushSource } from '../../records/names.ts';
import type { Problem } from '../../yaml-file/places.ts';
import { adapters } from '../adapters/adapters.ts';
import type { Secrets } from './secrets.ts';
import type { SourceSettings } from './settings.ts';
import { kindOf } from './settings-checks.ts';

/** A source of the file, with its index in the list. */
export interface FoundSource {
  readonly index: number;
  readonly settings: SourceSettings;
  readonly secrets: Secrets;
}

/** Returns former names that make the owner of stored rows ambiguous. */
export function formerNameProblems(found: readonly FoundSource[], takenNames: readonly string[]): Problem[] {
  const present = new Set([...takenNames, ...found.map(({ settings }) => settings.name)]);
  const claimed = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { index, settings } of found) {
    for (const name of settings.formerly) {
      const kind = kindOf(settings, adapters[settings.adapter]);
      const key = JSON.stringify([settings.workspace, kind, name]);
      const text = problemOf(name, present, claimed.get(key));
      if (text !== undefined) problems.push({ path: ['sources', index, 'formerly'], text });
      claimed.set(key, settings.name);
    }
  }
  return problems;
}

function problemOf(name: string, present: ReadonlySet<string>, claimedBy: string | undefined) {
  if (name === pushSource) {
    return 'names what was pushed, which stays where it is; `namespace: push` shares its ids';
  }
  if (present.has(name)) return `names ${name}, which is a source still; its rows are its own`;
  if (claimedBy !== undefined) return `names ${name}, which is a former name of ${claimedBy}, too`;
  return undefined;
}
