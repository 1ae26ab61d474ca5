import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { builtProgram } from './built-program.ts';

export interface LogLine {
  readonly msg: string;
  readonly level: number;
  readonly url?: string;
  readonly problems?: string;
}

let dataDir: string | undefined;

/** The folder that the programs of the present test keep their data in; it is removed after the test. */
export function dataFolder(): string {
  if (dataDir !== undefined) return dataDir;
  const folder = mkdtempSync(join(tmpdir(), 'utmql-main-'));
  dataDir = folder;
  onTestFinished(async () => {
    dataDir = undefined;
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 });
  });
  return folder;
}

/** The program as a process of the present test, with its log lines; `npm start` unless another command is given. */
export function runProgram(
  environment: Record<string, string>,
  [command, ...args]: readonly [string, ...string[]] = builtProgram(),
) {
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, PORT: '0', DATA_DIR: dataFolder(), ...environment },
  });
  // A test that failed half-way leaves nothing behind.
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
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
