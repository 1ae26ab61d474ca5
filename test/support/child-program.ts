import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
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
  const entries: LogLine[] = [];
  let unfinished = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    const lines = (unfinished + text).split('\n');
    unfinished = lines.pop() ?? '';
    for (const line of lines)
      if (line.startsWith('{') && line.endsWith('}')) entries.push(JSON.parse(line) as LogLine);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  void ended.then(() => children.delete(child));
  /** The first line with this message, or the `count`th, as soon as it is there. */
  const logged = async (message: string, count = 1): Promise<LogLine> => {
    for (;;) {
      const entry = entries.filter(({ msg }) => msg === message)[count - 1];
      if (entry) return entry;
      const hasEnded = await Promise.race([
        ended.then(() => true),
        once(child.stdout, 'data').then(() => false),
      ]);
      if (hasEnded) throw new Error(`ended before ${JSON.stringify(message)}: ${errors}`);
    }
  };
  return { child, ended, logged, entries: () => entries, errors: () => errors, output: () => output };
}
