import { isMap } from 'yaml';
import type { z } from 'zod';
import { noSuch } from '../../nearest.ts';
import { namePattern } from '../../records/names.ts';
import { childOf, type OwnerOf, type Problem } from '../../yaml-file/places.ts';

/**
 * Translates one zod issue to problems for the author of the file.
 *
 * @param written contents of the file before variables were expanded: their values must not be shown
 */
export function problemsOf(issue: z.core.$ZodIssue, written: unknown): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const accepted = issue.message.split(' ');
    return issue.keys.map((key) => ({ path: [...issue.path, key], text: noSuch('key', key, accepted) }));
  }
  return [{ path: issue.path, text: `${shownValue(written, issue.path)}; ${issue.message}` }];
}

/** Keys whose values appear in messages; others can be secrets written into the file. */
const shownKeys = new Set([
  'name',
  'kind',
  'adapter',
  'workspace',
  'customer',
  'account',
  'advertiser',
  'domain',
  'api_version',
  'namespace',
  'formerly',
  'method',
  'schedule',
  'timezone',
  'currency',
  'date_format',
  'decimal',
  'thousands',
  'scale',
  'missing',
  'skip_rows',
  'encoding',
  'mode',
  'duplicates',
  'guard',
  'stages',
  'timeout_ms',
  'attempts',
  'patience_ms',
  'max_pages',
  'window',
  'backfill_days',
  'days_per_request',
  'restates_days',
  'rate_limit',
]);

/** Describes the value at a path of the file, before variables were expanded. */
function shownValue(written: unknown, path: readonly PropertyKey[]): string {
  let value = written;
  for (const key of path) value = (value as Readonly<Record<PropertyKey, unknown>> | undefined)?.[key];
  if (value === undefined || value === null) return 'is missing';
  const mayBeShown = typeof value !== 'object' && shownKeys.has(String(path[0]));
  return mayBeShown ? `is ${JSON.stringify(value)}` : 'is not right';
}

/** The name of the source or mapping that a path is in, if it has one that may be shown. */
export const ownerOf: OwnerOf = ([list, index], contents) => {
  const what = list === 'sources' ? 'source' : 'mapping';
  const node = index === undefined ? undefined : childOf(childOf(contents, list ?? '')?.node, index)?.node;
  const name = isMap(node) ? node.get('name') : undefined;
  return typeof name === 'string' && namePattern.test(name) ? [`${what} ${name}`] : [];
};
