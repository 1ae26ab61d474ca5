import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { childrenOf, commandOf, killHard } from './processes.ts';

/**
 * The program as users run it, a process of its own, under a supervisor that starts it again whenever it has ended, as
 * systemd or Docker would.
 */
export interface Program {
  /** Where it listens now: `http://127.0.0.1:PORT`. A new process has a new port. */
  readonly url: string;
  readonly pid: number | undefined;
  /** The process of its own ClickHouse server, where it has one. */
  clickhousePid(): number | undefined;
  /** Starts it and waits until `/readyz` says 200. Gives the milliseconds that took. */
  start(): Promise<number>;
  /** `kill -9`; resolves when the process is gone. */
  killHard(): Promise<void>;
  /** Waits until `/readyz` says 200, starting the program where it has ended. Gives the milliseconds since the call. */
  readyAgain(withinMs: number): Promise<number>;
  /** SIGTERM; resolves when the process is gone. */
  stop(): Promise<void>;
  graphql<T>(document: string, variables?: Record<string, unknown>): Promise<T>;
  /** The values of `/metrics`, by name with labels as printed. */
  metrics(): Promise<ReadonlyMap<string, number>>;
  /** The last lines that it logged at level `warn` or above, for whoever looks for a cause. */
  complaints(): readonly string[];
  /** How many lines of its log began so. */
  told(message: string): number;
}

export interface ProgramOptions {
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
}

interface LogLine {
  readonly level: number;
  readonly msg?: string;
  readonly url?: string;
}

const keptComplaints = 40;
const startWithinMs = 60_000;
const running = new Set<number>();
// Whatever becomes of the scenario, nothing that it started is left behind.
process.on('exit', () => {
  for (const pid of running) killHard(pid);
});

export function createProgram(options: ProgramOptions): Program {
  const [executable, ...parameters] = options.command;
  const complaints: string[] = [];
  const messages = new Map<string, number>();
  let child: ChildProcess | undefined;
  let ended: Promise<void> = Promise.resolve();
  let url = '';

  const complain = (text: string): void => {
    complaints.push(text.slice(0, 1_000));
    if (complaints.length > keptComplaints) complaints.shift();
  };
  const hasEnded = (): boolean => child === undefined || child.exitCode !== null || child.signalCode !== null;

  const spawnOnce = (): void => {
    const fresh = spawn(executable, parameters, {
      env: {
        PATH: process.env.PATH,
        PORT: '0',
        LOG_LEVEL: 'info',
        CONTACT_HASH_KEY: 'a key of sixteen characters',
        ...options.environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = fresh;
    url = '';
    const { pid } = fresh;
    if (pid !== undefined) running.add(pid);
    ended = new Promise((resolve) => {
      fresh.once('exit', () => {
        if (pid !== undefined) running.delete(pid);
        resolve();
      });
    });
    createInterface({ input: fresh.stderr }).on('line', complain);
    createInterface({ input: fresh.stdout }).on('line', (line) => {
      const entry = parseLine(line);
      if (entry === undefined || entry.level >= 40) complain(line);
      if (entry?.msg !== undefined) messages.set(entry.msg, (messages.get(entry.msg) ?? 0) + 1);
      if (entry?.msg === 'utmql is ready' && entry.url !== undefined && child === fresh)
        url = entry.url.replace(/\/graphql$/, '');
    });
  };

  const isReady = async (): Promise<boolean> => {
    if (url === '' || hasEnded()) return false;
    try {
      const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(3_000) });
      await response.arrayBuffer();
      return response.status === 200;
    } catch {
      return false;
    }
  };

  const readyAgain = async (withinMs: number): Promise<number> => {
    const started = performance.now();
    for (;;) {
      if (hasEnded()) spawnOnce();
      if (await isReady()) return performance.now() - started;
      if (performance.now() - started > withinMs)
        throw new Error(`the program was not ready within ${withinMs} ms:\n${complaints.join('\n')}`);
      await delay(20);
    }
  };

  return {
    get url() {
      return url;
    },
    get pid() {
      return hasEnded() ? undefined : child?.pid;
    },
    clickhousePid() {
      const pid = child?.pid;
      if (pid === undefined || hasEnded()) return undefined;
      return childrenOf(pid).find((candidate) => commandOf(candidate).includes('server-child'));
    },
    start: () => readyAgain(startWithinMs),
    async killHard() {
      child?.kill('SIGKILL');
      await ended;
    },
    readyAgain,
    async stop() {
      child?.kill('SIGTERM');
      const timer = setTimeout(() => child?.kill('SIGKILL'), 20_000);
      await ended;
      clearTimeout(timer);
    },
    async graphql<T>(document: string, variables: Record<string, unknown> = {}): Promise<T> {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: document, variables }),
        signal: AbortSignal.timeout(600_000),
      });
      const answer = (await response.json()) as { data?: T; errors?: unknown };
      if (!answer.data || answer.errors) throw new Error(JSON.stringify(answer.errors));
      return answer.data;
    },
    async metrics() {
      const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(5_000) });
      const lines = (await response.text())
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'));
      return new Map(lines.map((line) => [line.replace(/ \S+$/, ''), Number(/ (\S+)$/.exec(line)?.[1])]));
    },
    complaints: () => complaints,
    told: (message) =>
      [...messages].reduce((sum, [said, times]) => sum + (said.startsWith(message) ? times : 0), 0),
  };
}

function parseLine(line: string): LogLine | undefined {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined;
  }
}
