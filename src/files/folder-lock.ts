import { close, constants as fileConstants, ftruncateSync, open, readFileSync, writeSync } from 'node:fs';
import { constants, hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { UtmqlError } from '../errors.ts';

/** Exclusive, and do not wait: LOCK_EX | LOCK_NB, the same on Linux and macOS. */
const exclusiveNonBlocking = 2 | 4;
/** The program before this one may still be ending: a supervisor starts the next one within milliseconds. */
const attempts = 20;
const attemptEveryMs = 50;

/**
 * Keeps other processes off a folder until `unlock` or until this process is gone, however it goes.
 *
 * It is the kernel's flock(2), which Node has no function for: no process id that is used again, in a container or after a
 * reboot, can be taken for the owner, and no dead owner for a living one.
 *
 * @throws UtmqlError CONFIGURATION when another process holds it, or when the folder cannot be locked
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

/** True when it is ours. */
async function tryLock(file: number, folder: string): Promise<boolean> {
  const { value, errnoCode } = await flock(file).catch((cause: unknown) => {
    throw cannotLock(folder, cause);
  });
  if (value === 0) return true;
  if (errnoCode === constants.errno.EWOULDBLOCK) return false;
  throw cannotLock(folder, new Error(`flock: error ${errnoCode}`));
}

async function flock(file: number): Promise<{ value: number; errnoCode: number }> {
  // Loaded here, so that only programs that have a buffer need this native library.
  const { DataType, load, open: openLibrary } = await import('ffi-rs');
  // No path means this process, which has the C library loaded.
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

/** Only for the sentence that a second process prints; a full disk does not matter. */
function writeOwnerPid(file: number): void {
  try {
    ftruncateSync(file);
    writeSync(file, `process ${process.pid} on ${hostname()}\n`, 0);
  } catch {
    // The sentence then names nobody.
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
    `The buffer folder ${folder} cannot be locked against a second process: set DATA_DIR to a folder on a file system that knows flock.`,
    { cause },
  );
