import { isObject } from '../formats/json/parse.ts';
import { createModel, type Model } from '../metrics/model.ts';
import { nearest, noSuch } from '../nearest.ts';
import { formatProblems, type Problem } from '../yaml-file/places.ts';
import { type FileName, readYamlFile, wrongFile } from '../yaml-file/read-yaml-file.ts';
import { readAliases } from './aliases-section.ts';
import { readDimensions } from './dimensions-section.ts';
import { readMeasures } from './measures-section.ts';
import { createOwnNames } from './own-names.ts';
import type { Report } from './report.ts';

const sections = ['aliases', 'dimensions', 'measures'] as const;

/**
 * Reads the file of a team's own words.
 *
 * @throws UtmqlError CONFIGURATION that lists every problem with its path, line and accepted values
 */
export async function readModelFile(file: string): Promise<Model> {
  const name: FileName = { variable: 'MODEL_FILE', what: 'model file', file };
  const yaml = await readYamlFile(name);
  const { content } = yaml;
  if (!isModelFile(content)) throw wrongFile(name, [`the file: has none of ${sections.join(', ')}`]);
  const problems: Problem[] = Object.keys(content)
    .filter((key) => !sections.some((section) => section === key))
    .map((key) => ({ path: [key], text: noSuch('section', key, sections) }));
  const reportOf =
    (section: (typeof sections)[number]): Report =>
    (path, text) =>
      problems.push({ path: [section, ...path], text });
  const names = createOwnNames();
  const aliases = readAliases(content.aliases, reportOf('aliases'));
  const dimensions = await readDimensions(
    content.dimensions,
    { file, aliases },
    names,
    reportOf('dimensions'),
  );
  const measures = readMeasures(content.measures, names, reportOf('measures'));
  if (problems.length > 0) throw wrongFile(name, formatProblems(problems, yaml));
  return createModel({ aliases, dimensions, ...measures });
}

/** Guards against a path to another file, such as a password file: neither its values nor its keys may be shown. */
const isModelFile = (content: unknown): content is Readonly<Record<string, unknown>> =>
  isObject(content) && Object.keys(content).some((key) => nearest(key, sections) !== undefined);
