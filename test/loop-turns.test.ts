import { expect, it } from 'vitest';
import { loopTurn } from '../src/loop-turns.ts';

it('gives each that waits a turn of the event loop of its own, in the order that they came', async () => {
  let loop = 0;
  let isOver = false;
  const count = (): void => {
    loop += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const seen: [name: number, loop: number][] = [];
  await Promise.all(
    [0, 1, 2, 3].map(async (name) => {
      await loopTurn();
      seen.push([name, loop]);
      // What follows in microtasks belongs to the same piece.
      await Promise.resolve();
    }),
  );
  isOver = true;
  expect(seen.map(([name]) => name)).toEqual([0, 1, 2, 3]);
  expect(new Set(seen.map(([, at]) => at)).size).toBe(4);
});
