import { setImmediate } from 'node:timers/promises';

let last: Promise<unknown> = Promise.resolve();

/**
 * Resolves in a turn of the event loop that no other caller has. For everything that works in slices: this thread has one event
 * loop, so there is one queue for it. Eight pushes that each wait for `setImmediate` get the same turn, and together keep all
 * others waiting; of those that wait here, one works on its slice, and short requests are answered before the next.
 */
export async function loopTurn(): Promise<void> {
  const turn = last.then(() => setImmediate());
  last = turn;
  await turn;
}
