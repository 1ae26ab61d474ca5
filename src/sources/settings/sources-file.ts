import { readFile } from 'node:fs/promises';
import { type Document, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { UtmqlError } from '../../errors.ts';
import { isObject } from '../../formats/json/parse.ts';
import { adapters } from '../adapters/adapters.ts';
import { mappingProblems, type NamedMapping, namedMapping } from '../mapping/named-mapping.ts';
import type { Problem } from '../mapping/record-checks.ts';
import { expandShortForm } from './expand-short-form.ts';
import { formatPath, formatPlace, formatProblems, problemsOf } from './file-problems.ts';
import { type FoundSource, formerNameProblems } from './former-names.ts';
import { isNoted, restOf } from './rest-of-settings.ts';
import { createSecrets, expandVariables, type Secrets } from './secrets.ts';
import { type SourceSettings, sourceSettings, sourcesFile } from './settings.ts';
import { checkSettings } from './settings-checks.ts';

/** One source of the file: checked settings with expanded variables, and the values to redact. */
export interface FileSource {
  readonly settings: SourceSettings;
  readonly secrets: Secrets;
}

/** A source that says where in the file a setting is: `sources[0].files (line 4, source exports)`. */
export interface PlacedSource extends FileSource {
  placeOf(path: readonly PropertyKey[]): string;
}

/** Contents of the sources file. */
export interface SourcesFile<Source extends FileSource = FileSource> {
  readonly sources: readonly Source[];
  readonly mappings: readonly NamedMapping[];
}

/**
 * Reads the sources file.
 *
 * @param takenNames names of sources from environment variables
 * @throws UtmqlError CONFIGURATION that lists every problem with its path, line and accepted values, and never a variable's value
 */
export async function readSourcesFile(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
  takenNames: readonly string[],
): Promise<SourcesFile<PlacedSource>> {
  const lines = new LineCounter();
  const document = parseDocument(await contentOf(file), {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
  });
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  if (document.errors.length > 0) {
    throw configurationError(
      file,
      document.errors.map(
        ({ pos, code, message }) =>
          `line ${lineAt(pos[0])}: ${quotingErrors.has(code) ? `this is no YAML (${code})` : message}`,
      ),
    );
  }
  const content = withoutExtensions(contentIn(document, file));
  if (!isSourcesFile(content))
    throw configurationError(file, ['sources: is missing; expected a list of sources']);
  const root = sourcesFile.safeParse(content);
  const problems: Problem[] = root.success
    ? []
    : root.error.issues.flatMap((issue) => problemsOf(issue, content));
  const found: FoundSource[] = [];
  const names = new Set(takenNames);
  for (const [index, written] of (root.success ? root.data.sources : []).entries()) {
    const { source, problems: own } = readSource(written, environment);
    problems.push(...own.map(({ path, text }) => ({ path: ['sources', index, ...path], text })));
    const name = source?.settings.name ?? nameOf(written);
    if (name !== undefined && names.has(name))
      problems.push({ path: ['sources', index, 'name'], text: 'is the name of another source, too' });
    if (name !== undefined) names.add(name);
    if (source !== undefined) found.push({ ...source, index });
  }
  problems.push(...formerNameProblems(found, takenNames));
  const mappings: NamedMapping[] = [];
  const mappingNames = new Set<string>();
  for (const [index, written] of (root.success ? root.data.mappings : []).entries()) {
    const { settings: mapping, problems: own } = readSettings(
      namedMapping,
      (settings) => ({ settings, problems: mappingProblems(settings) }),
      written,
      environment,
    );
    problems.push(...own.map(({ path, text }) => ({ path: ['mappings', index, ...path], text })));
    if (mapping === undefined) continue;
    const name = JSON.stringify([mapping.workspace, mapping.name]);
    if (mappingNames.has(name))
      problems.push({ path: ['mappings', index, 'name'], text: 'is the name of another mapping, too' });
    mappingNames.add(name);
    mappings.push(mapping);
  }
  if (problems.length > 0)
    throw configurationError(file, formatProblems(problems, document.contents, lineAt));
  const placeOf = (index: number) => (path: readonly PropertyKey[]) =>
    formatPlace(['sources', index, ...path], document.contents, lineAt);
  return {
    sources: found.map(({ index, settings, secrets }) => ({ settings, secrets, placeOf: placeOf(index) })),
    mappings,
  };
}

/** The name of a source whose other settings may be wrong. */
const nameOf = (written: unknown): string | undefined =>
  isObject(written) && typeof written.name === 'string' ? written.name : undefined;

function readSource(
  written: unknown,
  environment: Readonly<Record<string, string | undefined>>,
): { source?: FileSource; problems: Problem[] } {
  const { settings, problems, used } = readSettings(
    sourceSettings,
    (parsed) => {
      const adapter = adapters[parsed.adapter];
      const whole = expandShortForm(parsed, adapter);
      if (!isProblems(whole)) return { settings: whole, problems: checkSettings(whole, adapter) };
      // What the account stands for is unknown, and what it would have given is not missing.
      const others = checkSettings(parsed, adapter).filter(({ path }) => path.length > 0);
      return { problems: [...whole, ...others.filter((other) => !isNoted(whole, other))] };
    },
    written,
    environment,
  );
  if (settings === undefined) return { problems };
  const secrets = createSecrets();
  for (const [name, secret] of used) secrets.add(name, secret);
  return { source: { settings, secrets }, problems };
}

/** Valid settings, if any, and their problems. */
interface SettingsResult<Settings> {
  readonly settings?: Settings;
  readonly problems: readonly Problem[];
}

/** Parses the settings at one path of the file. Returns them unless one is invalid by itself, and all problems. */
function readSettings<Settings>(
  shape: z.ZodType<Settings>,
  check: (settings: Settings) => SettingsResult<Settings>,
  written: unknown,
  environment: Readonly<Record<string, string | undefined>>,
): { settings?: Settings; problems: Problem[]; used: ReadonlyMap<string, string> } {
  const { value, missing, used } = expandVariables(written, environment);
  const unset = missing.map(({ path, name }) => ({
    path,
    text: `needs the environment variable ${name}, which is not set`,
  }));
  // A setting with an unset variable is invalid as a consequence: report it once.
  const besides = (problems: readonly Problem[]): Problem[] => [
    ...unset,
    ...problems.filter(({ path }) => !unset.some((problem) => formatPath(problem.path) === formatPath(path))),
  ];
  const parsed = shape.safeParse(value);
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, written));
    const rest = restOf(value, problems);
    const again = shape.safeParse(rest.value);
    const others = again.success ? check(again.data).problems.filter(rest.isItsOwn) : [];
    return { problems: besides([...problems, ...others]), used };
  }
  const { problems, ...whole } = check(parsed.data);
  return { ...whole, problems: besides(problems), used };
}

const isProblems = (result: SourceSettings | readonly Problem[]): result is readonly Problem[] =>
  Array.isArray(result);

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
  } catch (cause) {
    // The library's message is not repeated: it quotes the file.
    throw configurationError(
      file,
      ['an alias (*) has no anchor (&), or aliases of aliases grow beyond bounds'],
      cause,
    );
  }
}

/** Errors whose message quotes the file. */
const quotingErrors: ReadonlySet<string> = new Set([
  'BAD_ALIAS',
  'BAD_DIRECTIVE',
  'BAD_DQ_ESCAPE',
  'IMPOSSIBLE',
  'TAG_RESOLVE_FAILED',
  'UNEXPECTED_TOKEN',
]);

/** Guards against a path to another file, such as a password file: neither its values nor its keys may be shown. */
const isSourcesFile = (content: unknown): boolean =>
  typeof content === 'object' &&
  content !== null &&
  (Object.hasOwn(content, 'sources') || Object.hasOwn(content, 'mappings'));

/** Removes keys that begin with `x-`: they hold anchors that several sources share. */
function withoutExtensions(content: unknown): unknown {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return content;
  return Object.fromEntries(Object.entries(content).filter(([key]) => !key.startsWith('x-')));
}

const configurationError = (file: string, problems: readonly string[], cause?: unknown): UtmqlError =>
  new UtmqlError(
    'CONFIGURATION',
    `The sources file ${file} is wrong:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    { cause },
  );
