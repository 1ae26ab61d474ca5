import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { glob } from 'tinyglobby';

const root = fileURLToPath(new URL('../../', import.meta.url));
const built = (module: string): string => fileURLToPath(new URL(`../../dist/${module}.js`, import.meta.url));

/** The command that runs a module of `src` as it is built: it starts in a third of the time that its source takes. */
export const builtProgram = (module = 'main'): readonly [string, string] => [process.execPath, built(module)];

const modifiedAt = async (path: string): Promise<number> => (await stat(path)).mtimeMs;

/** Builds `dist` where a source is newer. Types are left to `npm run typecheck`. */
export async function buildProgram(): Promise<void> {
  const sources = await glob('src/**/*.ts', { cwd: root, absolute: true });
  const builtAt = await modifiedAt(built('main')).catch(() => 0);
  const changedAt = await Promise.all(sources.map(modifiedAt));
  if (Math.max(...changedAt) < builtAt) return;
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--noCheck'], { cwd: root });
}
