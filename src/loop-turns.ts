import { setImmediate } from 'node:timers/promises';

/**
 * Resolves in a turn of the event loop that no other caller of the same queue has: what each then does in one piece, the
 * next one's piece does not follow at once, and short requests are answered in between.
 */
export type LoopTurns = () => Promise<void>;

/**
 * The queue of everything in this thread that works in slices: its event loop is one, so what it does at a time must be, too.
 * Eight pushes that each wait for `setImmediate` get the same turn, and together keep all others waiting.
 */
export const loopTurn: LoopTurns = () => turns();

export function createLoopTurns(): LoopTurns {
  let last: Promise<unknown> = Promise.resolve();
  return async () => {
    const turn = last.then(() => setImmediate());
    last = turn;
    await turn;
  };
}

const turns = createLoopTurns();
