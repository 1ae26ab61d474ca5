import { randomUUID } from 'node:crypto';
import { link, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UtmqlError } from '../errors.ts';
import { makeFolder, syncFolder } from './durable-file.ts';

/**
 * A secret or id that is made once and kept in a file. Of two programs that start at once, both read the one that was
 * written. The file is there only once its whole text is on disk, so a crash leaves no empty one behind.
 *
 * @param options.shape what a whole text looks like: a file that was cut short must not be used, since hashes and leases made
 *   with it would not be those of before; nor replaced, since the old text may be in a backup
 * @throws UtmqlError CONFIGURATION when the file holds something else
 */
export async function readOrCreateSecretFile(
  file: string,
  options: { make: () => string; shape: RegExp },
): Promise<string> {
  await makeFolder(dirname(file));
  const text = (await readIfWritten(file)) ?? (await create(file, options.make()));
  if (options.shape.test(text)) return text;
  throw new UtmqlError(
    'CONFIGURATION',
    `${file} is empty or damaged. Put the file from your backup back; where nothing was stored yet, delete it.`,
  );
}

async function create(file: string, text: string): Promise<string> {
  const temporary = `${file}.${randomUUID()}`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // Unlike `rename`, this leaves a file alone that another program has made meanwhile.
    await link(temporary, file).catch((error: unknown) => {
      if (!hasCode(error, 'EEXIST')) throw error;
    });
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(dirname(file));
  return (await readFile(file, 'utf8')).trim();
}

async function readIfWritten(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;
