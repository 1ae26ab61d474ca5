import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { OwnServerFolder } from './folder.ts';
import type { EndCalmly, Start } from './server-child.ts';

const configFile = fileURLToPath(new URL('../../../clickhouse/own-server/config.xml', import.meta.url));
const keptOutput = 8_192;
// Longer than the child itself allows for a clean end.
const killAfterMs = 9_000;

/** What one child process is started with. */
export interface ProcessOptions {
  readonly library: string;
  readonly folder: OwnServerFolder;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly memoryLimitBytes: number;
  /** Default: clickhouse/own-server/config.xml. */
  readonly configFile?: string | undefined;
  readonly shard?: { readonly configFile: string; readonly tcpPort: number } | undefined;
}

/** A running child process. */
export interface ServerProcess {
  readonly pid: number | undefined;
  /** Resolves once it is gone, with how. */
  readonly exited: Promise<string>;
  readonly hasExited: () => boolean;
  /** The end of what it wrote to its standard error. */
  readonly output: () => string;
  /** Has it close its data and waits until it is gone. */
  end(): Promise<void>;
}

function childModule(): { path: string; execArgv: string[] } {
  const extension = extname(fileURLToPath(import.meta.url));
  const path = fileURLToPath(new URL(`./server-child${extension}`, import.meta.url));
  if (extension !== '.ts') return { path, execArgv: [] };
  const tsx = createRequire(import.meta.url).resolve('tsx');
  return { path, execArgv: ['--import', pathToFileURL(tsx).href] };
}

/**
 * Starts the child process. It gets none of the parent's environment, where secrets live, and nothing of it reaches the
 * terminal.
 */
export function spawnServerProcess(options: ProcessOptions): ServerProcess {
  const { path, execArgv } = childModule();
  const child: ChildProcess = fork(path, [], {
    execArgv,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: {
      // `clickhouse local` ignores <timezone>.
      TZ: 'UTC',
      UTMQL_LOG_FILE: options.folder.logFile,
      UTMQL_MEMORY_LIMIT: String(options.memoryLimitBytes),
      UTMQL_BACKUP_DIR: options.folder.backupDir,
      UTMQL_PASSWORD_SHA256: createHash('sha256').update(options.password).digest('hex'),
    },
  });

  let output = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-keptOutput);
  });

  let gone = false;
  const exited = new Promise<string>((resolve) => {
    const settle = (how: string): void => {
      gone = true;
      resolve(how);
    };
    // Not 'close': Node 20 never emits it after `disconnect()`. The pipe's end comes after the last of the output.
    child.once('exit', (code, signal) => {
      const how = signal ?? `exit code ${code}`;
      if (child.stderr === null || child.stderr.closed) settle(how);
      else child.stderr.once('close', () => settle(how));
    });
    child.once('error', (error) => settle(error.message));
  });

  const start: Start = {
    library: options.library,
    configFile: options.shard?.configFile ?? options.configFile ?? configFile,
    storeDir: options.folder.storeDir,
    port: options.port,
    ...(options.shard === undefined ? {} : { tcpPort: options.shard.tcpPort }),
    username: options.username,
    password: options.password,
  };
  // Fails only when the child is gone already, which `exited` tells.
  child.send(start, () => undefined);

  return {
    pid: child.pid,
    exited,
    hasExited: () => gone,
    output: () => output,
    async end() {
      if (child.connected) {
        child.send('end calmly' satisfies EndCalmly, () => undefined);
        child.disconnect();
      }
      const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
      await exited;
      clearTimeout(timer);
    },
  };
}
