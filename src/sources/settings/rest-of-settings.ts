import { isObject } from '../../formats/json/parse.ts';
import type { Problem } from '../../yaml-file/places.ts';

/** Settings whose checks depend on others: without a setting, nothing can be said of these. `''`: the source as a whole. */
const dependents: Readonly<Record<string, readonly string[]>> = {
  url: ['', 'window', 'pagination', 'body'],
  files: ['', 'method', 'body', 'auth', 'pagination', 'window'],
  method: ['body', 'pagination'],
  body: ['pagination', 'window'],
  parameters: ['window'],
  pagination: ['window'],
  decimal: ['thousands'],
  records: ['pagination'],
  customer: ['', 'credentials', 'currency'],
  account: ['', 'credentials', 'currency'],
  advertiser: ['', 'credentials', 'currency'],
  domain: ['', 'credentials', 'currency'],
  credentials: ['', 'auth', 'currency'],
};

/** What is left of settings without those that are wrong by themselves. */
interface Rest {
  readonly value: unknown;
  /** Whether a problem of the rest does not follow from what was left out. */
  isItsOwn(problem: Problem): boolean;
}

/** Leaves out the settings with problems, so that the others can be checked against each other all the same. */
export function restOf(value: unknown, problems: readonly Problem[]): Rest {
  const wrong = new Set(problems.map(({ path }) => String(path[0] ?? '')));
  if (!isObject(value)) return { value, isItsOwn: () => false };
  const unclear = new Set([...wrong, ...[...wrong].flatMap((key) => dependents[key] ?? [])]);
  return {
    value: Object.fromEntries(Object.entries(value).filter(([key]) => !wrong.has(key))),
    // Which settings there are at all depends on these.
    isItsOwn: ({ path }) =>
      !wrong.has('adapter') && !wrong.has('kind') && !unclear.has(String(path[0] ?? '')),
  };
}

/** Whether a problem of the same setting is known already. */
export const isNoted = (known: readonly Problem[], { path }: Problem): boolean =>
  known.some((problem) => problem.path[0] === path[0]);
