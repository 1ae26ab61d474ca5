import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach } from 'vitest';
import { builtProgram } from '../support/built-program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

let temporary: string;

beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'utmql-test-demo-'));
});
afterEach(async () => {
  await rm(temporary, { recursive: true, force: true });
});

/** Starts the demo as `npm run demo` does, with temporary folders in one of the test's own. */
export function startDemo(environment: Record<string, string>) {
  const [command, ...args] = builtProgram('demo/main');
  const child = spawn(command, args, {
    cwd: root,
    env: { PATH: process.env.PATH, TMPDIR: temporary, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let output = '';
  let wake = (): void => undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      wake();
    });
  }
  return {
    child,
    exited,
    output: () => output,
    /** Resolves once the output holds the text. */
    async said(text: string): Promise<void> {
      const ended = exited.then(() => true);
      while (!output.includes(text)) {
        const more = new Promise<false>((resolve) => {
          wake = () => resolve(false);
        });
        if ((await Promise.race([more, ended])) && !output.includes(text)) {
          throw new Error(`The demo ended before it said ${JSON.stringify(text)}:\n${output}`);
        }
      }
    },
  };
}

/** What the demo of the present test has left in the temporary folder. */
export const leftovers = async (): Promise<string[]> =>
  (await readdir(temporary)).filter((name) => name.startsWith('utmql-'));
