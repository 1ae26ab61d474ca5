import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readOrCreateSecretFile } from '../../src/files/secret-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-secret-'));
});
afterEach(() => rm(folder, { recursive: true }));

const shape = /^[0-9a-f]{8}$/;

it('is made once and then read, for its owner only', async () => {
  const file = join(folder, 'new', 'id');
  expect(await readOrCreateSecretFile(file, { make: () => '01234567', shape })).toBe('01234567');
  expect(await readOrCreateSecretFile(file, { make: () => '89abcdef', shape })).toBe('01234567');
  expect((await stat(file)).mode & 0o077).toBe(0);
  expect(await readdir(join(folder, 'new'))).toEqual(['id']);
});

it('is the same for all who start at once', async () => {
  const file = join(folder, 'id');
  const made = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      readOrCreateSecretFile(file, { make: () => String(10_000_000 + index), shape }),
    ),
  );
  expect(new Set(made)).toEqual(new Set([(await readFile(file, 'utf8')).trim()]));
  expect(await readdir(folder)).toEqual(['id']);
});

it.each([
  '',
  '\n',
  '0123',
  '01234567\n01234567',
])('that holds %j is refused and left as it is', async (text) => {
  const file = join(folder, 'id');
  await writeFile(file, text);
  await expect(readOrCreateSecretFile(file, { make: () => '01234567', shape })).rejects.toMatchObject({
    code: 'CONFIGURATION',
    message: `${file} is empty or damaged. Restore the file from a backup. If nothing has been stored yet, delete it.`,
  });
  expect(await readFile(file, 'utf8')).toBe(text);
});
