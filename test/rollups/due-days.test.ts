import { expect, it } from 'vitest';
import { createDueDays } from '../../src/rollups/due-days.ts';

const held = (...entries: readonly (readonly [number, string])[]) => new Map(entries);

it('a day is due when it has been at rest, the newest first', () => {
  const due = createDueDays();
  expect(due.of(held([1, 'a'], [2, 'a']), 0)).toEqual([]);
  expect(due.of(held([1, 'a'], [2, 'b']), 1_500)).toEqual([1]);
  expect(due.of(held([1, 'a'], [2, 'b']), 3_000)).toEqual([2, 1]);
});

it('a day that changes at every look is due after 20 s, and again 20 s after it was built', () => {
  const due = createDueDays();
  const dueAt: number[] = [];
  for (let second = 0; second <= 45; second++) {
    const days = due.of(held([7, String(second)]), second * 1_000);
    if (days.length === 0) continue;
    dueAt.push(second);
    due.built(days);
  }
  expect(dueAt).toEqual([20, 41]);
});

it('a day that is no longer stale is forgotten', () => {
  const due = createDueDays();
  due.of(held([1, 'a']), 0);
  expect(due.of(held(), 1_000)).toEqual([]);
  expect(due.of(held([1, 'a']), 2_000)).toEqual([]);
});
