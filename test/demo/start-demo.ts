import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { builtProgram } from '../support/built-program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Starts the demo as `npm run demo` does, with temporary folders in one that is removed after the test. */
export function startDemo(environment: Record<string, string>) {
  const temporary = mkdtempSync(join(tmpdir(), 'utmql-test-demo-'));
  onTestFinished(() => rm(temporary, { recursive: true, force: true }));
  const [command, ...args] = builtProgram('demo');
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
    /** What it has made in its temporary folder and not removed. */
    leftovers: async (): Promise<string[]> =>
      (await readdir(temporary)).filter((name) => name.startsWith('utmql-')),
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
