import { execFile } from 'node:child_process';
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const failingFsync = fileURLToPath(new URL('failing-fsync.js', import.meta.url));

/** A folder on a disk that breaks and heals at command, under a program that goes on running. */
export interface BadDisk {
  readonly name: string;
  readonly folder: string;
  /** True: nothing can become durable while it is broken. False: a little may still fit. */
  readonly isTotal: boolean;
  /** Goes before the program's own arguments of node. */
  readonly nodeArguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  breakNow(pid: number): Promise<void>;
  heal(pid: number): Promise<void>;
  remove(): Promise<void>;
}

/** Every fsync fails, and what was not yet synced is lost. */
export async function failingFsyncDisk(parent: string): Promise<BadDisk> {
  const control = join(parent, 'fsync-fails');
  return {
    name: 'fsync',
    folder: join(parent, 'data'),
    isTotal: true,
    nodeArguments: ['--import', failingFsync],
    environment: { FAULTS_FSYNC_FILE: control },
    breakNow: () => writeFile(control, ''),
    heal: () => rm(control),
    remove: async () => undefined,
  };
}

/** Files cannot grow (RLIMIT_FSIZE): writing fails with EFBIG, after the bytes that still fit. */
export async function quotaDisk(parent: string): Promise<BadDisk> {
  return {
    name: 'quota',
    folder: join(parent, 'data'),
    isTotal: true,
    nodeArguments: [],
    environment: {},
    breakNow: async (pid) => void (await run('prlimit', ['--pid', String(pid), '--fsize=1:unlimited'])),
    heal: async (pid) => void (await run('prlimit', ['--pid', String(pid), '--fsize=unlimited:unlimited'])),
    remove: async () => undefined,
  };
}

/** A small file system that is full (ENOSPC). Undefined where this user may not mount one. */
export async function fullDisk(parent: string, megabytes = 16): Promise<BadDisk | undefined> {
  const folder = join(parent, 'mounted');
  const ballast = join(folder, 'ballast');
  await mkdir(folder, { recursive: true });
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'none', folder]);
  } catch {
    return undefined;
  }
  return {
    name: 'full',
    folder,
    isTotal: false,
    nodeArguments: [],
    environment: {},
    breakNow: () => fill(ballast),
    heal: () => rm(ballast),
    remove: async () => void (await run('umount', ['-l', folder])),
  };
}

/** Takes every block that is free. */
async function fill(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (const size of [1_048_576, 4_096]) {
      for (let isFull = false; !isFull; ) {
        isFull = await file.write(Buffer.alloc(size)).then(
          ({ bytesWritten }) => bytesWritten < size,
          () => true,
        );
      }
    }
  } finally {
    await file.close();
  }
}
