import { readdirSync, readFileSync } from 'node:fs';

/** What Linux tells about processes; nothing here stops or changes one but `killHard`. */

/** Resident memory, bytes; 0 when the process is gone. */
export const residentBytes = (pid: number | undefined): number => statusField(pid, 'VmRSS') * 1_024;

/** Most resident memory so far, bytes; 0 when the process is gone. */
export const peakBytes = (pid: number | undefined): number => statusField(pid, 'VmHWM') * 1_024;

function statusField(pid: number | undefined, name: string): number {
  if (pid === undefined) return 0;
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Direct children. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => parentOf(candidate) === pid);
}

function parentOf(pid: number): number | undefined {
  try {
    // The name, in brackets, may hold anything; the parent is the second field behind it.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return Number(fields[1]);
  } catch {
    return undefined;
  }
}

/** Its command line, words separated by spaces; empty when it is gone. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** `kill -9`; false when it was gone already. */
export function killHard(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}
