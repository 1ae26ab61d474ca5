import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { ClickHouseSettings } from '@clickhouse/client';
import type { Logger } from '../../logger.ts';
import type { StoreOptions } from '../create-store.ts';
import type { HeldClaim, Renewal } from './renewal.ts';
import { createTerm, monotonicNow } from './term.ts';

/** Where a store of the thread's own connects to. */
export type StoreLogin = Pick<StoreOptions, 'url' | 'username' | 'password' | 'database'>;

/** What the thread begins with. */
export interface ThreadStart {
  readonly login: StoreLogin;
  /** Of the store's layout. */
  readonly settings: ClickHouseSettings;
  readonly seconds: number;
  readonly owner: string;
  /** A term that the other thread moves on as long as it does anything. */
  readonly presence: SharedArrayBuffer;
}

export type ThreadMessage =
  | { readonly add: { readonly name: string; readonly token: string; readonly term: SharedArrayBuffer } }
  | { readonly remove: string };

const presenceEveryMs = 1_000;
const startAgainMs = 1_000;

/**
 * Renews claims in a thread of its own, over connections of its own: they stay held however long the loop of the thread that
 * works under them stands still, up to `longestStillMs`. A program that hangs for good does not keep its runs from others.
 *
 * Where the thread ends by itself, another one goes on; claims that were not renewed in time are over meanwhile.
 */
export function startThreadedRenewal(
  options: Omit<ThreadStart, 'presence'> & { logger: Logger; longestStillMs: number },
): Renewal {
  const { logger, longestStillMs, ...start } = options;
  const claims = new Map<string, HeldClaim>();
  const still = (): bigint => monotonicNow() + BigInt(longestStillMs) * 1_000_000n;
  const presence = createTerm({ until: still() });
  const showing = setInterval(() => presence.restart(still()), presenceEveryMs).unref();
  let isStopped = false;
  let startAgain: NodeJS.Timeout | undefined;

  const send = (to: Worker, message: ThreadMessage): void => to.postMessage(message);
  const add = (to: Worker, { name, token, term }: HeldClaim): void =>
    send(to, { add: { name, token, term: term.buffer } });

  const begin = (): Worker => {
    const next = startWorker({ ...start, presence: presence.buffer });
    let failure: unknown;
    next.on('message', (reason: string) =>
      logger.debug({ err: new Error(reason) }, 'leases could not be renewed'),
    );
    next.on('error', (error) => {
      failure = error;
    });
    next.on('exit', () => {
      if (isStopped) return;
      logger.warn({ err: failure }, 'the thread that renews leases has ended; another is started');
      startAgain = setTimeout(() => {
        worker = begin();
      }, startAgainMs).unref();
    });
    next.unref();
    for (const claim of claims.values()) add(next, claim);
    return next;
  };
  let worker = begin();

  return {
    add(claim) {
      claims.set(claim.token, claim);
      add(worker, claim);
    },
    remove(token) {
      claims.delete(token);
      send(worker, { remove: token });
    },
    async stop() {
      isStopped = true;
      clearInterval(showing);
      clearTimeout(startAgain);
      await worker.terminate();
    },
  };
}

/** It gets nothing of the environment, where secrets live. */
function startWorker(start: ThreadStart): Worker {
  const extension = extname(fileURLToPath(import.meta.url));
  const path = fileURLToPath(new URL(`./renewal-thread${extension}`, import.meta.url));
  const options = { workerData: start, env: {} };
  if (extension !== '.ts') return new Worker(path, options);
  // From the sources: what makes this thread understand TypeScript does not reach into others.
  const tsx = createRequire(import.meta.url).resolve('tsx/cjs/api');
  const script = `require(${JSON.stringify(tsx)}).register(); require(${JSON.stringify(path)});`;
  return new Worker(script, { ...options, execArgv: [], eval: true });
}
