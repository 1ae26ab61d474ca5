import { readFile } from 'node:fs/promises';
import { type Document, isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';
import { UtmqlError } from '../../errors.ts';
import { adapters } from './adapters/adapters.ts';
import { createSecrets, type Secrets } from './secrets.ts';
import { type SourceSettings, sourceSettings, sourcesFile } from './settings.ts';
import { checkSettings, noSuch, type Problem } from './settings-checks.ts';
import { expandVariables } from './variables.ts';

/** One source of the file: checked, with the variables' values in it, and those values to be kept from being shown. */
export interface FileSource {
  readonly settings: SourceSettings;
  readonly secrets: Secrets;
}

/**
 * Reads the sources file.
 *
 * @param takenNames names of sources that the environment variables give
 * @throws UtmqlError CONFIGURATION that lists everything that is wrong: where, in which line, and what is accepted. Values of
 *   variables are never repeated.
 */
export async function readSourcesFile(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
  takenNames: readonly string[],
): Promise<FileSource[]> {
  const lines = new LineCounter();
  const document = parseDocument(await contentOf(file), {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
  });
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  if (document.errors.length > 0) {
    throw wrong(
      file,
      document.errors.map(({ pos, message }) => `line ${lineAt(pos[0])}: ${message}`),
    );
  }
  const content = withoutExtensions(contentIn(document, file));
  const root = sourcesFile.safeParse(content);
  const problems: Problem[] = root.success
    ? []
    : root.error.issues.flatMap((issue) => problemsOf(issue, content));
  const found: FileSource[] = [];
  for (const [index, written] of (root.success ? root.data.sources : []).entries()) {
    const { source, problems: own } = readSource(written, environment);
    problems.push(...own.map(({ path, text }) => ({ path: ['sources', index, ...path], text })));
    if (source === undefined) continue;
    if ([...takenNames, ...found.map(({ settings }) => settings.name)].includes(source.settings.name)) {
      problems.push({ path: ['sources', index, 'name'], text: 'is the name of another source, too' });
    }
    found.push(source);
  }
  if (problems.length > 0) throw wrong(file, inOrder(problems, document.contents, lineAt));
  return found;
}

function readSource(
  written: unknown,
  environment: Readonly<Record<string, string | undefined>>,
): { source?: FileSource; problems: Problem[] } {
  const { value, missing, used } = expandVariables(written, environment);
  const unset = missing.map(({ path, name }) => ({
    path,
    text: `needs the environment variable ${name}, which is not set`,
  }));
  const parsed = sourceSettings.safeParse(value);
  if (!parsed.success) {
    // What a variable that is not set stands for cannot be right.
    const issues = parsed.error.issues.flatMap((issue) => problemsOf(issue, written));
    const other = issues.filter(
      ({ path }) => !unset.some((problem) => pathText(problem.path) === pathText(path)),
    );
    return { problems: [...unset, ...other] };
  }
  const settings = parsed.data;
  const secrets = createSecrets();
  for (const [name, secret] of used) secrets.add(name, secret);
  const problems = [...unset, ...checkSettings(settings, adapters[settings.adapter])];
  return { source: { settings, secrets }, problems };
}

async function contentOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const reason = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
    throw new UtmqlError('CONFIGURATION', `SOURCES_FILE (${file}): ${reason}.`, { cause });
  }
}

function contentIn(document: Document.Parsed, file: string): unknown {
  try {
    return document.toJS() ?? {};
  } catch (error) {
    // Aliases of aliases of aliases, which would fill memory.
    throw wrong(file, [error instanceof Error ? error.message : 'cannot be read']);
  }
}

/** Keys that begin with `x-` are the file's own: places for what several sources share (`&anchor`). */
function withoutExtensions(content: unknown): unknown {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return content;
  return Object.fromEntries(Object.entries(content).filter(([key]) => !key.startsWith('x-')));
}

function problemsOf(issue: z.core.$ZodIssue, written: unknown): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const accepted = issue.message.split(' ');
    return issue.keys.map((key) => ({ path: [...issue.path, key], text: noSuch('key', key, accepted) }));
  }
  return [{ path: issue.path, text: `${shownValue(written, issue.path)}; ${issue.message}` }];
}

/** Keys whose values are shown in messages; those of the others can be secrets that somebody wrote into the file. */
const shownKeys = new Set([
  'name',
  'kind',
  'adapter',
  'workspace',
  'method',
  'schedule',
  'timezone',
  'currency',
  'date_format',
  'mode',
  'stages',
  'timeout_ms',
  'attempts',
  'max_pages',
  'backfill_days',
  'days_per_request',
  'rate_limit',
]);

/** What stands at a path of the file, before variables were put in. */
function shownValue(written: unknown, path: readonly PropertyKey[]): string {
  let value = written;
  for (const key of path) value = (value as Readonly<Record<PropertyKey, unknown>> | undefined)?.[key];
  if (value === undefined || value === null) return 'is missing';
  const mayBeShown = typeof value !== 'object' && shownKeys.has(String(path[0]));
  return mayBeShown ? `is ${JSON.stringify(value)}` : 'is not right';
}

const wrong = (file: string, problems: readonly string[]): UtmqlError =>
  new UtmqlError(
    'CONFIGURATION',
    `The sources file ${file} is wrong:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
  );

/** Each problem as a sentence with its place, from the first line to the last. */
function inOrder(
  problems: readonly Problem[],
  contents: unknown,
  lineAt: (offset: number) => number,
): string[] {
  return problems
    .map(({ path, text }) => ({ path, text, offset: offsetOf(contents, path) }))
    .sort((a, b) => (a.offset ?? 0) - (b.offset ?? 0))
    .map(({ path, text, offset }) => {
      const line = offset === undefined ? '' : ` (line ${lineAt(offset)})`;
      return `${pathText(path)}${line}: ${text}`;
    });
}

/** `sources[0].auth.bearer`. */
const pathText = (path: readonly PropertyKey[]): string =>
  path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('') || 'the file';

/** Where the deepest part of a path begins that the file has. */
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
