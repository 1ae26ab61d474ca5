import { open, readFile } from 'node:fs/promises';

/** A server that has shown no sign of life for so long while it starts is given up. */
export const longestQuietMs = 60_000;

const tailBytes = 4_096;
/** Processor time that counts as a sign of life: idle threads use less in a minute. */
const busySeconds = 1;

/** What a server that starts is doing. Loading many parts from a slow disk takes minutes, in which it may log nothing. */
export interface StartProgress {
  /** For how long it has neither logged anything nor used the processor, and the last that it has logged. The first look is the beginning. */
  look(): Promise<{ readonly quietMs: number; readonly doing: string }>;
}

/** @param options.now milliseconds, by a clock that is never set */
export function watchStart(options: {
  logFile: string;
  pid: number | undefined;
  now: () => number;
}): StartProgress {
  const { logFile, pid, now } = options;
  let since = now();
  /** Whether this start has logged anything yet. */
  let hasLogged = false;
  let seen: { readonly size: number; readonly seconds: number } | undefined;
  return {
    async look() {
      const { size, lastLine } = await tailOf(logFile);
      const seconds = await processorSeconds(pid);
      hasLogged ||= seen !== undefined && size !== seen.size;
      if (seen === undefined || size !== seen.size || seconds - seen.seconds >= busySeconds) {
        seen = { size, seconds };
        since = now();
      }
      return { quietMs: now() - since, doing: hasLogged ? messageOf(lastLine) : '' };
    },
  };
}

async function tailOf(path: string): Promise<{ size: number; lastLine: string }> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return { size: 0, lastLine: '' };
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(Math.min(size, tailBytes)),
      position: Math.max(0, size - tailBytes),
    });
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    return { size, lastLine: lines.findLast((line) => messageOf(line) !== '') ?? '' };
  } finally {
    await file.close();
  }
}

/** `TIME [ THREAD ] {QUERY} <Level> Part: message`. What stands before the message says nothing about the progress. */
const messageOf = (line: string): string => /<\w+> (.{1,300})/.exec(line)?.[1] ?? '';

/** 0 where the system does not tell (macOS): there the log alone counts. */
async function processorSeconds(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // Behind the name, which is in brackets: utime and stime are the 14th and 15th field, in hundredths of a second.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
}
