import { parseArgs } from 'node:util';
import { readConfig, readEnvironment } from '../config/config.ts';
import { UtmqlError } from '../errors.ts';
import { reportStartFailure } from '../report-start-failure.ts';
import { systemClock } from '../time.ts';
import { keyUsesFile } from './authenticator.ts';
import { createKeysCommand, keyOptions } from './manage-keys.ts';

// `npm run keys -- create|list|revoke`
try {
  const { API_KEYS_FILE: file, DATA_DIR: dataDir } = readConfig(await readEnvironment(process.env));
  if (file === undefined) {
    throw new UtmqlError(
      'CONFIGURATION',
      'API_KEYS_FILE is not set: set it to the path of the file of keys, for this command and for utmql itself.',
    );
  }
  const { values, positionals } = parseArgs({ options: keyOptions, allowPositionals: true });
  const run = createKeysCommand({ file, usesFile: keyUsesFile(dataDir), clock: systemClock });
  process.stdout.write(`${await run(positionals, values)}\n`);
} catch (error) {
  const isMisuse = error instanceof TypeError && 'code' in error;
  reportStartFailure(isMisuse ? new UtmqlError('CONFIGURATION', error.message) : error);
  process.exitCode = 1;
}
