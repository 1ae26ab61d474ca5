import { setImmediate } from 'node:timers/promises';

/**
 * Resolves in a turn of the event loop that no other caller of the same queue has: what each then does in one piece, the
 * next one's piece does not follow at once, and short requests are answered in between.
 */
export type LoopTurns = () => Promise<void>;

export function createLoopTurns(): LoopTurns {
  let last: Promise<unknown> = Promise.resolve();
  return async () => {
    const turn = last.then(() => setImmediate());
    last = turn;
    await turn;
  };
}
