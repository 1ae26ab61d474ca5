import { isObject } from '../formats/json/parse.ts';
import { nearest, noSuch } from '../nearest.ts';
import { formatProblems, type Problem } from '../yaml-file/places.ts';
import { type FileName, readYamlFile, wrongFile } from '../yaml-file/read-yaml-file.ts';
import { utmColumns } from './aliases.ts';
import { readAliases } from './aliases-section.ts';
import { createModel, type Model } from './model.ts';

const sections = ['aliases'] as const;

/**
 * Reads the file of a team's own words.
 *
 * @throws UtmqlError CONFIGURATION that lists every problem with its path, line and accepted values
 */
export async function readModelFile(file: string): Promise<Model> {
  const name: FileName = { variable: 'MODEL_FILE', what: 'model file', file };
  const yaml = await readYamlFile(name);
  const { content } = yaml;
  if (!isModelFile(content))
    throw wrongFile(name, [`aliases: is missing; expected ${utmColumns.join(', ')} below it`]);
  const problems: Problem[] = Object.keys(content)
    .filter((key) => !sections.some((section) => section === key))
    .map((key) => ({ path: [key], text: noSuch('section', key, sections) }));
  const aliases = readAliases(content.aliases, (path, text) =>
    problems.push({ path: ['aliases', ...path], text }),
  );
  if (problems.length > 0) throw wrongFile(name, formatProblems(problems, yaml));
  return createModel({ aliases });
}

/** Guards against a path to another file, such as a password file: neither its values nor its keys may be shown. */
const isModelFile = (content: unknown): content is Readonly<Record<string, unknown>> =>
  isObject(content) && Object.keys(content).some((key) => nearest(key, sections) !== undefined);
