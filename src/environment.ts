import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import type { Environment } from './config.ts';
import { UtmqlError } from './errors.ts';

/**
 * The environment with the values of ENV_FILE over it, as the file is now.
 *
 * @throws UtmqlError CONFIGURATION when there is such a file to be read and it cannot be
 */
export async function readEnvironment(environment: Environment): Promise<Environment> {
  const file = environment.ENV_FILE?.trim();
  if (!file) return environment;
  try {
    return { ...environment, ...parseEnv(await readFile(file, 'utf8')), ENV_FILE: file };
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'error';
    throw new UtmqlError(
      'CONFIGURATION',
      `ENV_FILE (${JSON.stringify(file)}) cannot be read (${code}). Make it readable, or unset ENV_FILE.`,
      { cause },
    );
  }
}
