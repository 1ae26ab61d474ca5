import { isMap, isPair, isScalar, isSeq, type Node } from 'yaml';
import type { YamlFile } from './read-yaml-file.ts';

/** A problem with a file: its path of keys and list indexes, and a text that follows a colon. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  readonly text: string;
}

/** Says whose a place of the file is, such as `source meta`; empty if nobody's. */
export type OwnerOf = (path: readonly PropertyKey[], contents: unknown) => readonly string[];
const nobody: OwnerOf = () => [];

/** Formats each problem as a sentence with its place, in the order of lines. */
export function formatProblems(
  problems: readonly Problem[],
  file: Pick<YamlFile, 'contents' | 'lineAt'>,
  ownerOf: OwnerOf = nobody,
): string[] {
  return problems
    .map(({ path, text }) => ({ path, text, offset: offsetOf(file.contents, path) }))
    .sort((a, b) => (a.offset ?? 0) - (b.offset ?? 0))
    .map(({ path, text }) => `${formatPlace(path, file, ownerOf)}: ${text}`);
}

/** `sources[0].auth.bearer (line 4, source meta)`. */
export function formatPlace(
  path: readonly PropertyKey[],
  { contents, lineAt }: Pick<YamlFile, 'contents' | 'lineAt'>,
  ownerOf: OwnerOf = nobody,
): string {
  const offset = offsetOf(contents, path);
  const line = offset === undefined ? [] : [`line ${lineAt(offset)}`];
  const where = [...line, ...ownerOf(path, contents)].join(', ');
  return where === '' ? formatPath(path) : `${formatPath(path)} (${where})`;
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

export function childOf(
  node: unknown,
  key: PropertyKey,
): { node: unknown; offset: number | undefined } | undefined {
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
