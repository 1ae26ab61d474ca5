import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const own = fileURLToPath(new URL('../../clickhouse/own-server', import.meta.url));

// Tests ask many questions over a few rows: compiling their expressions takes longer than all else that ClickHouse does.
// They make many tables, too, which nobody needs after a loss of power.
const faster = [
  'compile_expressions',
  'compile_aggregate_expressions',
  'compile_sort_description',
  'fsync_metadata',
]
  .map((setting) => `<${setting}>0</${setting}>`)
  // What a second thread would save of a few rows, handing them over costs several times.
  .concat('<max_threads>1</max_threads>')
  .join('');

/**
 * Writes the configuration of the program's own server, made faster for tests, into a folder. Gives the path of its file.
 *
 * @param more XML that is added to it
 */
export async function writeEngineConfig(folder: string, more = ''): Promise<string> {
  const users = await readFile(join(own, 'users.xml'), 'utf8');
  await writeFile(join(folder, 'users.xml'), users.replace('<default>', `<default>${faster}`));
  const config = await readFile(join(own, 'config.xml'), 'utf8');
  const configFile = join(folder, 'config.xml');
  await writeFile(configFile, config.replace('</clickhouse>', `${more}\n</clickhouse>`));
  return configFile;
}
