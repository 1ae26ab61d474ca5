import { close, constants as fileConstants, ftruncateSync, open, readFileSync, writeSync } from 'node:fs';
import { constants, hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { UtmqlError } from '../errors.ts';

/**
 * LOCK_EX
 *  LOCK_NB: exclusive, without waiting. The values are the same on Linux and macOS.
 */
const exclusiveNonBlocking = 2 | 4;
/** A supervisor can start a program milliseconds before the previous one has ended. */
const attempts = 20;
const attemptEveryMs = 50;

/**
 * Locks a folder against other processes until `unlock` or until this process has ended in any way.
 *
 * It uses flock(2), for which Node has no function. A lock with a process id would be wrong if the id is used again, in a
 * container or after a reboot.
 *
 * @throws UtmqlError CONFIGURATION if another process holds the lock, or if the folder cannot be locked
 */
export async function lockFolder(folder: string, path: string): Promise<{ unlock(): Promise<void> }> {
  const file = await promisify(open)(path, fileConstants.O_RDWR | fileConstants.O_CREAT, 0o600);
  const unlock = (): Promise<void> => promisify(close)(file);
  try {
    for (let attempt = 1; !(await tryLock(file, folder)); attempt += 1) {
      if (attempt === attempts) throw inUse(folder, path);
      await delay(attemptEveryMs);
    }
  } catch (error) {
    await unlock();
    throw error;
  }
  writeOwnerPid(file);
  return { unlock };
}

/** Returns true if this process now holds the lock. */
async function tryLock(file: number, folder: string): Promise<boolean> {
  const { value, errnoCode } = await flock(file).catch((cause: unknown) => {
    throw cannotLock(folder, cause);
  });
  if (value === 0) return true;
  if (errnoCode === constants.errno.EWOULDBLOCK) return false;
  throw cannotLock(folder, new Error(`flock: error ${errnoCode}`));
}

async function flock(file: number): Promise<{ value: number; errnoCode: number }> {
  // Imported here, so that only programs with a buffer need this native library.
  const { DataType, load, open: openLibrary } = await import('ffi-rs');
  // An empty path means this process, which has loaded the C library.
  openLibrary({ library: 'process', path: '' });
  return load({
    library: 'process',
    funcName: 'flock',
    retType: DataType.I32,
    paramsType: [DataType.I32, DataType.I32],
    paramsValue: [file, exclusiveNonBlocking],
    errno: true as const,
  });
}

/** Writes the owner for the error message of a second process. Errors, such as a full disk, are ignored. */
function writeOwnerPid(file: number): void {
  try {
    ftruncateSync(file);
    writeSync(file, `process ${process.pid} on ${hostname()}\n`, 0);
  } catch {
    // The message then names no owner.
  }
}

function inUse(folder: string, path: string): UtmqlError {
  const owner = readFileSync(path, 'utf8').trim();
  return new UtmqlError(
    'CONFIGURATION',
    `The buffer folder ${folder} is in use by another utmql${owner === '' ? '' : ` (${owner})`}: stop that one, or give this one a DATA_DIR of its own.`,
  );
}

const cannotLock = (folder: string, cause: unknown): UtmqlError =>
  new UtmqlError(
    'CONFIGURATION',
    `The buffer folder ${folder} cannot be locked against a second process: set DATA_DIR to a folder on a file system that supports flock.`,
    { cause },
  );
