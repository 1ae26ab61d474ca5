import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeysCommand, type KeyArguments, readKeysCall } from '../../src/access/manage-keys.ts';
import { type Clock, systemClock } from '../../src/time.ts';

/** A file of API keys in a folder of its own. */
export interface TestKeys {
  readonly file: string;
  readonly usesFile: string;
  /** Makes a key and gives the headers that show it. */
  create(given: KeyArguments): Promise<{ authorization: string }>;
  run(positionals: readonly string[], given?: KeyArguments): Promise<string>;
  close(): Promise<void>;
}

export async function makeKeys(clock: Clock = systemClock): Promise<TestKeys> {
  const folder = await mkdtemp(join(tmpdir(), 'utmql-keys-'));
  const file = join(folder, 'keys.json');
  const usesFile = join(folder, 'uses.json');
  const command = createKeysCommand({ file, usesFile, clock });
  return {
    file,
    usesFile,
    async create(given) {
      const [key = ''] = (await command({ verb: 'create' }, { name: 'test', ...given })).split('\n');
      return { authorization: `Bearer ${key}` };
    },
    run: async (positionals, given = {}) => command(readKeysCall(positionals), given),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

export const idOf = ({ authorization }: { authorization: string }): string =>
  /utmql_([0-9a-z]{10})_/.exec(authorization)?.[1] ?? '';
