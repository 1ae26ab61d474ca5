import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

it('npm installs what npm packs, with its dependencies from the registry', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'utmql-install-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root });
  const [tarball = ''] = await readdir(folder);
  const prefix = join(folder, 'prefix');
  // For no processor that the engine is made for, so that its 540 MB are not fetched.
  const quick = ['--prefer-offline', '--ignore-scripts', '--cpu=ia32', '--no-audit', '--no-fund'];
  const failure = await run('npm', ['install', '--global', '--prefix', prefix, ...quick, `./${tarball}`], {
    cwd: folder,
  }).then(
    () => '',
    (error: Error) => error.message,
  );
  if (/ENOTFOUND|ECONNREFUSED|ECONNRESET|ENOTCACHED|EAI_AGAIN|ETIMEDOUT/.test(failure)) {
    process.stdout.write('The registry could not be reached: the package was not installed\n');
    return context.skip();
  }
  expect(failure).toBe('');
  const { stdout } = await run(join(prefix, 'bin', 'utmql'), ['--help'], { cwd: folder });
  expect(stdout).toContain('Usage: utmql COMMAND');
}, 120_000);
