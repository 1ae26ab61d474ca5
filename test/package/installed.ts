import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));

const manifest = z.object({
  version: z.string(),
  bin: z.string(),
  dependencies: z.record(z.string(), z.string()),
});

/** The package, installed into a folder of its own. */
export interface InstalledPackage {
  /** The command `utmql`, as npm would link it. */
  readonly command: string;
  /** Paths within the tarball. */
  readonly files: readonly string[];
  /** Bytes of the tarball. */
  readonly size: number;
  /** An empty folder to work in. */
  readonly folder: string;
  remove(): Promise<void>;
}

/**
 * Packs what is built and unpacks it elsewhere. Its dependencies, and no others, are linked from here, so that this needs no
 * network.
 */
export async function installPackage(): Promise<InstalledPackage> {
  const folder = await mkdtemp(join(tmpdir(), 'utmql-package-'));
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root });
  const { version, bin, dependencies } = manifest.parse(
    JSON.parse(await readFile(join(root, 'package.json'), 'utf8')),
  );
  const tarball = join(folder, `utmql-${version}.tgz`);
  const { stdout: listed } = await run('tar', ['xvzf', tarball, '-C', folder]);
  const home = join(folder, 'package');
  for (const name of Object.keys(dependencies)) {
    const link = join(home, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(root, 'node_modules', name), link);
  }
  const command = join(folder, 'utmql');
  await symlink(join(home, bin), command);
  await chmod(join(home, bin), 0o755);
  const empty = join(folder, 'empty');
  await mkdir(empty);
  return {
    command,
    files: listed
      .trim()
      .split('\n')
      .map((path) => path.replace(/^package\//, '')),
    size: (await stat(tarball)).size,
    folder: empty,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
