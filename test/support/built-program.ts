import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { glob } from 'tinyglobby';

const root = fileURLToPath(new URL('../../', import.meta.url));
const built = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** `utmql start`, or with other arguments, as it is built: it starts in a third of the time that its source takes. */
export const builtProgram = (command = 'start', ...args: string[]): readonly [string, ...string[]] => [
  process.execPath,
  built,
  command,
  ...args,
];

const modifiedAt = async (path: string): Promise<number> => (await stat(path)).mtimeMs;

/** Builds `dist` where a source is newer. Types are left to `npm run typecheck`. */
export async function buildProgram(): Promise<void> {
  const sources = await glob('src/**/*.ts', { cwd: root, absolute: true });
  const builtAt = await modifiedAt(built).catch(() => 0);
  const changedAt = await Promise.all(sources.map(modifiedAt));
  if (Math.max(...changedAt) < builtAt) return;
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--noCheck'], { cwd: root });
}
