import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { OwnServer } from '../src/clickhouse/own-server/server.ts';
import { startCommand } from './start-command.ts';

/** The program as users run it: a process of its own, on the bench's ClickHouse. */
export interface Program {
  /** Where its GraphQL is. */
  readonly url: string;
  /** Where everything else is: `http://127.0.0.1:PORT`. */
  readonly origin: string;
  graphql<T>(query: string, variables?: Record<string, unknown>, requestId?: string): Promise<T>;
  /** Most memory the process has had (VmHWM), bytes. */
  peakMemory(): number;
  /** Processor time that the process has taken, ms: says more than the clock where others use the machine. */
  processorMs(): number;
  stop(): Promise<void>;
}

export async function startProgram(
  server: OwnServer,
  database: string,
  environment: Record<string, string> = {},
): Promise<Program> {
  const dataDir = await mkdtemp(join(tmpdir(), 'utmql-bench-program-'));
  const [node, ...parameters] = startCommand;
  const child = spawn(node, parameters, {
    env: {
      ...process.env,
      PORT: '0',
      LOG_LEVEL: 'info',
      DATA_DIR: dataDir,
      CLICKHOUSE_URL: server.url,
      CLICKHOUSE_USER: server.username,
      CLICKHOUSE_PASSWORD: server.password,
      CLICKHOUSE_DATABASE: database,
      CONTACT_HASH_KEY: 'a key that the bench needs',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await readyUrl(child);
  return {
    url,
    origin: new URL(url).origin,
    async graphql<T>(
      query: string,
      variables: Record<string, unknown> = {},
      requestId = 'bench',
    ): Promise<T> {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-request-id': requestId },
        body: JSON.stringify({ query, variables }),
      });
      const body = (await response.json()) as { data?: T; errors?: unknown };
      if (!body.data || body.errors) throw new Error(JSON.stringify(body.errors));
      return body.data;
    },
    peakMemory() {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1_024;
    },
    processorMs: () => processorMs(child.pid ?? 0),
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Processor time that a process has taken, ms. */
export function processorMs(pid: number): number {
  // Fields 14 and 15, user and system time, in ticks of 10 ms; the name before them may hold blanks.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function readyUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) =>
      reject(new Error(`the program ended with code ${code} before it was ready`)),
    );
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const entry = JSON.parse(line) as { msg: string; url?: string };
      if (entry.msg === 'utmql is ready' && entry.url) resolve(entry.url);
    });
  });
}
