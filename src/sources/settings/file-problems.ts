import { isMap, isPair, isScalar, isSeq, type Node } from 'yaml';
import type { z } from 'zod';
import { noSuch } from '../../nearest.ts';
import { namePattern } from '../../records/names.ts';
import type { Problem } from '../mapping/record-checks.ts';

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

/** Formats each problem as a sentence with its place, in the order of lines. */
export function formatProblems(
  problems: readonly Problem[],
  contents: unknown,
  lineAt: (offset: number) => number,
): string[] {
  return problems
    .map(({ path, text }) => ({ path, text, offset: offsetOf(contents, path) }))
    .sort((a, b) => (a.offset ?? 0) - (b.offset ?? 0))
    .map(({ path, text }) => `${formatPlace(path, contents, lineAt)}: ${text}`);
}

/** `sources[0].auth.bearer (line 4, source meta)`. */
export function formatPlace(
  path: readonly PropertyKey[],
  contents: unknown,
  lineAt: (offset: number) => number,
): string {
  const offset = offsetOf(contents, path);
  const line = offset === undefined ? [] : [`line ${lineAt(offset)}`];
  const where = [...line, ...ownerOf(path, contents)].join(', ');
  return where === '' ? formatPath(path) : `${formatPath(path)} (${where})`;
}

/** The name of the source or mapping that a path is in, if it has one that may be shown. */
function ownerOf([list, index]: readonly PropertyKey[], contents: unknown): string[] {
  const what = list === 'sources' ? 'source' : 'mapping';
  const node = index === undefined ? undefined : childOf(childOf(contents, list ?? '')?.node, index)?.node;
  const name = isMap(node) ? node.get('name') : undefined;
  return typeof name === 'string' && namePattern.test(name) ? [`${what} ${name}`] : [];
}

/** `sources[0].auth.bearer`. */
export const formatPath = (path: readonly PropertyKey[]): string =>
  path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('') || 'the file';

/** Returns the offset of the deepest part of a path that exists in the file. */
function offsetOf(contents: unknown, path: readonly PropertyKey[]): number | undefined {
  let node: unknown = contents;
  let offset: number | undefined;
  for (const key of path) {
    const found = childOf(node, key);
    if (found === undefined) break;
    offset = found.offset;
    node = found.node;
  }
  return offset;
}

function childOf(node: unknown, key: PropertyKey): { node: unknown; offset: number | undefined } | undefined {
  if (isSeq(node) && typeof key === 'number') {
    const item = node.items[key];
    return item === undefined ? undefined : { node: item, offset: startOf(item as Node) };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(
    (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(key),
  );
  return pair && { node: pair.value, offset: startOf(pair.key as Node) };
}

const startOf = (node: Node): number | undefined => node.range?.[0];
