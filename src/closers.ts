import type { Logger } from './logger.ts';
import { fulfilsWithin } from './time.ts';

/** What has been opened, to be closed in the opposite order. */
export interface Closers {
  /** @param withinMs is left alone after this time, so that one thing that hangs does not keep the others open */
  add(name: string, withinMs: number, close: () => Promise<unknown>): void;
  /** Closes everything, and never fails. */
  closeAll(): Promise<void>;
}

export function createClosers(logger: Logger): Closers {
  const closers: { name: string; withinMs: number; close: () => Promise<unknown> }[] = [];
  return {
    add: (name, withinMs, close) => void closers.push({ name, withinMs, close }),
    async closeAll() {
      for (const { name, withinMs, close } of closers.splice(0).reverse()) {
        try {
          if (await fulfilsWithin(close(), withinMs)) continue;
          logger.warn(
            { part: name, withinMs },
            'a part of the program did not end in time and is left as it is',
          );
        } catch (error) {
          logger.error({ err: error, part: name }, 'a part of the program could not be closed cleanly');
        }
      }
    },
  };
}
