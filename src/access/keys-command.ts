import { readConfig, readEnvironment } from '../config/config.ts';
import { UtmqlError } from '../errors.ts';
import { systemClock } from '../time.ts';
import { keyUsesFile } from './authenticator.ts';
import { createKeysCommand, type KeyArguments, readKeysCall } from './manage-keys.ts';

/**
 * `utmql keys`: changes or lists the keys of API_KEYS_FILE, and prints what came of it. Resolves to 0.
 *
 * @param positionals the verb, and what it is about
 * @throws UsageError, UtmqlError CONFIGURATION
 */
export async function runKeys(positionals: readonly string[], given: KeyArguments): Promise<number> {
  const call = readKeysCall(positionals);
  const { API_KEYS_FILE: file, DATA_DIR: dataDir } = readConfig(await readEnvironment(process.env));
  if (file === undefined) {
    throw new UtmqlError(
      'CONFIGURATION',
      'API_KEYS_FILE is not set: set it to the path of the file of keys, for this command and for utmql itself.',
    );
  }
  const run = createKeysCommand({ file, usesFile: keyUsesFile(dataDir), clock: systemClock });
  process.stdout.write(`${await run(call, given)}\n`);
  return 0;
}
