import { expect, it } from 'vitest';
import { anonymous } from '../../../src/access/caller.ts';
import { createLargeTurns } from '../../../src/ingest/push/streamed-push.ts';

/** Begins pushes that end when they are told to, and tells which are at work. */
function start() {
  const turns = createLargeTurns();
  const working: string[] = [];
  const ends: (() => void)[] = [];
  const push = (id: string): Promise<void> =>
    turns.run(id, async () => {
      working.push(id);
      await new Promise<void>((resolve) => ends.push(resolve));
    });
  return { push, working, endFirst: () => ends.shift()?.() };
}
const settled = () => new Promise(setImmediate);

it('one caller has two large pushes at work, and the others theirs', async () => {
  const { push, working, endFirst } = start();
  const pushes = ['a', 'a', 'a', 'a', 'b', 'b'].map(push);
  await settled();
  expect(working).toEqual(['a', 'a', 'b', 'b']);
  endFirst();
  await settled();
  expect(working).toEqual(['a', 'a', 'b', 'b', 'a']);
  for (let left = 0; left < 5; left++) {
    endFirst();
    await settled();
  }
  await Promise.all(pushes);
  expect(working).toHaveLength(6);
});

it('where nobody logs in there are four for all', async () => {
  const { push, working } = start();
  for (let count = 0; count < 6; count++) void push(anonymous.id);
  await settled();
  expect(working).toHaveLength(4);
});
