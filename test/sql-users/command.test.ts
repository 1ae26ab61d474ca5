import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../src/cli/run-command-line.ts';
import { hashOf } from './hash.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-sql-user-'));
  vi.stubEnv('DATA_DIR', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

/** Runs `utmql sql-user ARGUMENTS` in this process. */
async function run(...args: string[]): Promise<{ code: number; output: string }> {
  let output = '';
  const take = (text: unknown): boolean => {
    output += String(text);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(take);
  vi.spyOn(process.stderr, 'write').mockImplementation(take);
  vi.spyOn(console, 'error').mockImplementation(take);
  const code = await runCommandLine(['sql-user', ...args]);
  vi.restoreAllMocks();
  return { code, output };
}
const acme = ['--name', 'metabase', '--workspace', 'acme'];

it('on the own server, creates for whoever is trusted, lists and removes', async () => {
  const refused = await run('create', ...acme);
  expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('add --trusted') });
  const made = await run('create', ...acme, '--trusted');
  expect(made.code).toBe(0);
  expect(made.output).toMatch(/once utmql is restarted[\s\S]*The password, shown this once: [\w-]{32}\n$/);
  expect(await run('create', ...acme, '--trusted')).toMatchObject({
    code: 1,
    output: expect.stringContaining('already'),
  });
  expect(await run('list')).toEqual({ code: 0, output: 'metabase  acme\n' });
  expect((await run('remove', '--name', 'metabase')).code).toBe(0);
  expect((await run('list')).output).toContain('There are no users of BI tools');
});

it('prints the statements with the hash of the password, and executes none', async () => {
  const file = join(folder, 'password');
  await writeFile(file, 'a password of mine\n');
  const { code, output } = await run('create', ...acme, '--print', '--password-file', file);
  expect(code).toBe(0);
  expect(output).toContain(`IDENTIFIED WITH sha256_hash BY '${hashOf('a password of mine')}'`);
  expect(output).not.toContain('a password of mine');
  expect(
    output
      .trim()
      .split('\n')
      .every((line) => line.endsWith(';')),
  ).toBe(true);
  expect((await run('remove', '--name', 'metabase', '--print')).output).toContain(
    'DROP USER IF EXISTS metabase;',
  );
  expect((await run('list')).output).toContain('There are no users');
});

it.each([
  ['no action', [], 2, 'create'],
  ['another action', ['made'], 2, 'create'],
  ['no name', ['create', '--workspace', 'acme'], 2, '--name NAME is missing'],
  ['no workspace', ['create', '--name', 'a'], 2, '--workspace NAME is missing'],
  [
    'a name that would be SQL',
    ['create', '--name', 'a TO b', '--workspace', 'acme'],
    2,
    'is no name of a user',
  ],
  [
    'a workspace that would be SQL',
    ['create', '--name', 'a', '--workspace', "a' OR '1"],
    2,
    'is no name of a workspace',
  ],
  [
    'the user whom the views read as',
    ['create', '--name', 'utmql_views', '--workspace', 'a'],
    2,
    'of utmql’s own',
  ],
  ['a file that is not there', ['create', ...acme, '--password-file', '/none/such'], 1, 'cannot be read'],
  ['nobody', ['remove', '--name', 'nobody'], 1, 'It has made: nobody'],
])('refuses %s', async (_name, args, code, message) => {
  expect(await run(...args)).toMatchObject({ code, output: expect.stringContaining(message) });
});

it.each(['short', '', 'a password\nof two lines'])('refuses the password %j', async (password) => {
  const file = join(folder, 'password');
  await writeFile(file, password);
  const { code, output } = await run('create', ...acme, '--trusted', '--password-file', file);
  expect({ code, output }).toMatchObject({
    code: 1,
    output: expect.stringContaining('at least 12 characters'),
  });
});
