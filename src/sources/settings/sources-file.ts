import type { z } from 'zod';
import { isObject } from '../../formats/json/parse.ts';
import { formatPath, formatPlace, formatProblems, type Problem } from '../../yaml-file/places.ts';
import { type FileName, readYamlFile, wrongFile } from '../../yaml-file/read-yaml-file.ts';
import { adapters } from '../adapters/adapters.ts';
import { mappingProblems, type NamedMapping, namedMapping } from '../mapping/named-mapping.ts';
import { expandShortForm } from './expand-short-form.ts';
import { ownerOf, problemsOf } from './file-problems.ts';
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
  const name: FileName = { variable: 'SOURCES_FILE', what: 'sources file', file };
  const yaml = await readYamlFile(name);
  const content = withoutExtensions(yaml.content);
  if (!isSourcesFile(content)) throw wrongFile(name, ['sources: is missing; expected a list of sources']);
  const root = sourcesFile.safeParse(content);
  const problems: Problem[] = root.success
    ? []
    : root.error.issues.flatMap((issue) => problemsOf(issue, content));
  const found: FoundSource[] = [];
  const names = new Set(takenNames);
  for (const [index, written] of (root.success ? root.data.sources : []).entries()) {
    const { source, problems: own } = readSource(written, environment);
    problems.push(...own.map(({ path, text }) => ({ path: ['sources', index, ...path], text })));
    const given = source?.settings.name ?? nameOf(written);
    if (given !== undefined && names.has(given))
      problems.push({ path: ['sources', index, 'name'], text: 'is the name of another source, too' });
    if (given !== undefined) names.add(given);
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
    const key = JSON.stringify([mapping.workspace, mapping.name]);
    if (mappingNames.has(key))
      problems.push({ path: ['mappings', index, 'name'], text: 'is the name of another mapping, too' });
    mappingNames.add(key);
    mappings.push(mapping);
  }
  if (problems.length > 0) throw wrongFile(name, formatProblems(problems, yaml, ownerOf));
  const placeOf = (index: number) => (path: readonly PropertyKey[]) =>
    formatPlace(['sources', index, ...path], yaml, ownerOf);
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
