import { access } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { glob } from 'tinyglobby';
import type { PlacedSource } from '../sources/settings/sources-file.ts';
import type { Finding } from './finding.ts';

/** Finds files that sources name and that are not there: their runs would fail, but a file may still come. */
export async function findMissingFiles(
  sourcesFile: string,
  sources: readonly PlacedSource[],
): Promise<Finding[]> {
  const folder = dirname(sourcesFile);
  const missing = await Promise.all(sources.map((source) => missingOf(source, folder)));
  const lines = missing.flat();
  if (lines.length === 0) return [];
  const text = [...lines, 'Paths begin in the folder of the sources file.'].join('\n');
  return [{ state: 'warn', what: 'files of sources', text }];
}

async function missingOf({ settings, placeOf }: PlacedSource, folder: string): Promise<string[]> {
  const { files = [], lookups } = settings;
  const wanted = files.filter((pattern) => !pattern.startsWith('!'));
  const unmatched = await Promise.all(
    wanted.map(async (pattern) => {
      const found = await glob([pattern], { cwd: folder, expandDirectories: false });
      return found.length > 0 ? [] : [`${placeOf(['files'])}: no file matches ${pattern}.`];
    }),
  );
  const absent = await Promise.all(
    lookups.map(async ({ file }, index) => {
      const isThere = await access(resolve(folder, file)).then(
        () => true,
        () => false,
      );
      return isThere ? [] : [`${placeOf(['lookups', index, 'file'])}: there is no file ${file}.`];
    }),
  );
  return [...unmatched, ...absent].flat();
}
