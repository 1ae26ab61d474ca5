import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { UtmqlError } from '../errors.ts';
import { labelNames } from '../metrics/registry.ts';
import { defaultRollupSets, dimensionsOfAllSets, type RollupSet } from '../metrics/rollups/sets.ts';
import { noSuch } from '../nearest.ts';

const mostSets = 20;

const names: readonly string[] = labelNames;
const dimension = z.enum(labelNames, {
  error: ({ input }) => noSuch('dimension', String(input).slice(0, 64), names),
});
const writtenSet = z.strictObject({
  name: z
    .string()
    .regex(
      /^[a-z][a-z0-9_]{0,39}$/,
      'expected a name of lower-case letters, digits and _, at most 40 characters',
    ),
  dimensions: z.array(dimension).min(1, 'expected at least one dimension'),
  lead: dimension.optional(),
});
const rollupsFile = z.strictObject({
  rollups: z.array(writtenSet).max(mostSets, `expected at most ${mostSets} sets`),
});

/**
 * Returns the default sets and those of a file, the fewest dimensions first.
 *
 * @throws UtmqlError CONFIGURATION that lists every problem with its place
 */
export async function readRollupSets(file: string | undefined): Promise<readonly RollupSet[]> {
  if (file === undefined) return defaultRollupSets;
  const content = await contentOf(file);
  const parsed = rollupsFile.safeParse(content);
  if (!parsed.success)
    throw wrong(
      file,
      parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}.`),
    );
  const own = parsed.data.rollups.map(
    ({ name, dimensions, lead }): RollupSet => ({
      name,
      dimensions: [...new Set([...dimensions, ...dimensionsOfAllSets])],
      ...(lead !== undefined && { lead }),
    }),
  );
  const sets = [...defaultRollupSets, ...own];
  const problems = own.flatMap(({ name, dimensions, lead }, index) => [
    ...(sets.filter((set) => set.name === name).length > 1
      ? [`rollups.${index}.name: there is another set of the name ${name}.`]
      : []),
    ...(lead !== undefined && !dimensions.includes(lead)
      ? [`rollups.${index}.lead: ${lead} is not among the dimensions of the set.`]
      : []),
  ]);
  if (problems.length > 0) throw wrong(file, problems);
  return sets.sort((one, other) => one.dimensions.length - other.dimensions.length);
}

async function contentOf(file: string): Promise<unknown> {
  try {
    return parse(await readFile(file, 'utf8'));
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw wrong(file, [isMissing ? 'there is no such file.' : 'it cannot be read as YAML.'], cause);
  }
}

const wrong = (file: string, problems: readonly string[], cause?: unknown): UtmqlError =>
  new UtmqlError('CONFIGURATION', `ROLLUPS_FILE (${file}): ${problems.join(' ')}`, { cause });
