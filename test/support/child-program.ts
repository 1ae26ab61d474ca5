import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { builtProgram } from './built-program.ts';

export interface LogLine {
  readonly msg: string;
  readonly level: number;
  readonly url?: string;
  readonly problems?: string;
}

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'utmql-main-'));
});
const children = new Set<ChildProcess>();
afterEach(async () => {
  // A test that failed half-way leaves nothing behind.
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  await rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 });
});

/** The folder that the programs of the present test keep their data in. */
export const dataFolder = (): string => dataDir;

/** The program as a process of its own, with its log lines; `npm start` unless another command is given. */
export function runProgram(
  environment: Record<string, string>,
  [command, ...args]: readonly [string, ...string[]] = builtProgram(),
) {
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, PORT: '0', DATA_DIR: dataDir, ...environment },
  });
  children.add(child);
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  void ended.then(() => children.delete(child));
  const entries = (): LogLine[] =>
    output
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as LogLine);
  /** The first line with this message, or the `count`th, as soon as it is there. */
  const logged = async (message: string, count = 1): Promise<LogLine> => {
    for (;;) {
      const entry = entries().filter(({ msg }) => msg === message)[count - 1];
      if (entry) return entry;
      if (child.exitCode !== null) throw new Error(`ended before ${JSON.stringify(message)}: ${errors}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return { child, ended, logged, entries, errors: () => errors, output: () => output };
}
