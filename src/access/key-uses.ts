import { z } from 'zod';
import { readTextIfExists, writeDurably } from '../files/durable-file.ts';
import type { Logger } from '../logger.ts';

/** Minimum time between two writes of the file. */
const writeEveryMs = 60_000;

const usesShape = z.record(z.string(), z.iso.datetime());

/** When each key was last used, as seen by this process and earlier ones. */
export interface KeyUses {
  note(id: string, now: number): void;
  /** Writes the uses that are not written yet. */
  close(): Promise<void>;
}

export function createKeyUses({ file, logger }: { file: string; logger: Logger }): KeyUses {
  const seen = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let writing = Promise.resolve();
  const write = async (): Promise<void> => {
    timer = undefined;
    const fresh = Object.fromEntries([...seen].map(([id, at]) => [id, new Date(at).toISOString()] as const));
    try {
      await writeDurably(file, `${JSON.stringify({ ...(await readKeyUses(file)), ...fresh })}\n`);
    } catch (error) {
      logger.warn({ err: error }, 'when API keys were last used could not be written');
    }
  };
  return {
    note(id, now) {
      seen.set(id, now);
      timer ??= setTimeout(() => {
        writing = writing.then(write);
      }, writeEveryMs).unref();
    },
    async close() {
      await writing;
      if (timer === undefined) return;
      clearTimeout(timer);
      await write();
    },
  };
}

/**
 * Returns the last use of each key as RFC 3339, by key id. Empty if the file is missing or invalid: it is only for information.
 */
export async function readKeyUses(file: string): Promise<Readonly<Record<string, string>>> {
  try {
    return usesShape.parse(JSON.parse((await readTextIfExists(file)) ?? '{}'));
  } catch {
    return {};
  }
}
