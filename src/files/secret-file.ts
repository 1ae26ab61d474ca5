import { randomUUID } from 'node:crypto';
import { link, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UtmqlError } from '../errors.ts';
import { makeFolder, syncFolder } from './durable-file.ts';

/**
 * Returns the secret or id in a file, which is created if it does not exist. If two programs start at once, both return the same
 * text. The file appears only when its whole text is on disk, so that a crash leaves no empty file.
 *
 * @param options.shape the form of a complete text. A truncated file is an error: hashes and leases made with it would not match
 *   earlier ones. It is not replaced, because a backup may have the old text
 * @throws UtmqlError CONFIGURATION if the text has another form
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
    `${file} is empty or damaged. Restore the file from a backup. If nothing has been stored yet, delete it.`,
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
    // Unlike `rename`, `link` does not replace a file that another program has created meanwhile.
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
