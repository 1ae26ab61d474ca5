import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { glob } from 'tinyglobby';

const root = fileURLToPath(new URL('../../', import.meta.url));
const built = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const builtPage = fileURLToPath(new URL('../../dist/dashboard/index.html', import.meta.url));

/** `utmql start`, or with other arguments, as it is built: it starts in a third of the time that its source takes. */
export const builtProgram = (command = 'start', ...args: string[]): readonly [string, ...string[]] => [
  process.execPath,
  built,
  command,
  ...args,
];

const modifiedAt = async (path: string): Promise<number> => (await stat(path)).mtimeMs;

/** Builds what of `dist` is older than its sources. Types are left to `npm run typecheck`. */
export async function buildProgram(): Promise<void> {
  if (await isStale(built, ['src/**/*.ts', '!src/dashboard']))
    await runTool('typescript/package.json', 'bin/tsc', '-p', 'tsconfig.build.json', '--noCheck');
  if (await isStale(builtPage, ['src/dashboard', 'schema/generated/dashboard', 'vite.config.ts']))
    await runTool('vite/package.json', 'bin/vite.js', 'build', '--logLevel', 'warn');
}

async function isStale(result: string, sources: string[]): Promise<boolean> {
  const paths = await glob(sources, { cwd: root, absolute: true });
  const builtAt = await modifiedAt(result).catch(() => 0);
  return Math.max(...(await Promise.all(paths.map(modifiedAt)))) >= builtAt;
}

async function runTool(manifest: string, path: string, ...args: string[]): Promise<void> {
  const tool = join(dirname(createRequire(import.meta.url).resolve(manifest)), path);
  await promisify(execFile)(process.execPath, [tool, ...args], { cwd: root });
}
